/* fcis for C, and for whatever can call C: a detector of instances, masks, and
 * COCO's evaluation. The C++ headers beside this one are made of it.
 *
 * Conventions
 * - A function returns a status: FCIS_OK, or what kind of error it was; then
 *   `error`, if it is not NULL, holds a message of at most error_size - 1
 *   bytes with a NUL behind it ("" after FCIS_OK), and the results are as they
 *   were, but for those documented otherwise. No function ends the process or
 *   throws, whatever it is given, as long as pointers point to what they say.
 * - Handles (fcis_detector*, ...) are made by functions that say so and freed
 * by their own fcis_..._free, once; NULL may be freed. Handles do not refer to
 *   each other: they may be freed in any order.
 * - Memory belongs to the caller. Where a size is not known beforehand, a
 *   function takes a buffer, its capacity and `needed`: it sets *needed (unless
 *   that is NULL) to the number of elements that there are, and fills the
 *   buffer if that is not NULL. FCIS_BUFFER_TOO_SMALL: the capacity is less,
 *   and nothing was written. A buffer of NULL asks for the number alone.
 * - Strings are UTF-8 and end with a NUL, paths as the system has them.
 * - Threads: calls with different handles may run at the same time. One handle
 *   may be read by several threads, but a detector detects one picture at a
 *   time: a thread that works beside others has a clone, which shares the
 *   weights.
 * - After fork() a child detects in one thread: OpenMP's threads are its
 *   parent's.
 *
 * What is exported begins with fcis_ and stays what it is as long as SONAME
 * (libfcis.so.0) is the same; functions may be added. */
#ifndef FCIS_FCIS_H_
#define FCIS_FCIS_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FCIS_EXPORT __attribute__((visibility("default")))
#else
#define FCIS_EXPORT
#endif

#ifdef __cplusplus
#define FCIS_NOEXCEPT noexcept
extern "C" {
#else
#define FCIS_NOEXCEPT
#endif

/* ---- Frame ------------------------------------------------------------- */

enum fcis_status {
  FCIS_OK = 0,
  FCIS_INVALID_ARGUMENT = 1, /* an argument, or what is in a file, is wrong */
  FCIS_NOT_FOUND = 2,        /* there is no such file, or no such entry */
  FCIS_BUFFER_TOO_SMALL = 3, /* see above */
  FCIS_UNAVAILABLE = 4,      /* a file cannot be read, a device not be used */
  FCIS_UNIMPLEMENTED = 5,    /* this library or machine does not have it */
  FCIS_OUT_OF_MEMORY = 6,
  FCIS_INTERNAL = 7 /* an error of this library's */
};

/* "major.minor.patch" (semver.org) of this library; static memory. */
FCIS_EXPORT const char* fcis_version(void) FCIS_NOEXCEPT;

/* ---- Detector ---------------------------------------------------------- */

/* Pixels: rows from the top, 8 bits per channel. */
enum fcis_pixel_format {
  FCIS_RGB = 0,
  FCIS_BGR = 1,
  FCIS_GRAY = 2,
  FCIS_RGBA = 3 /* alpha is passed over */
};

typedef struct fcis_detector fcis_detector;
typedef struct fcis_instances fcis_instances;

/* Begin with FCIS_DETECTOR_OPTIONS_INIT, which is the program demo's way. */
typedef struct fcis_detector_options {
  size_t size;           /* sizeof(fcis_detector_options) */
  const char* model;     /* a file (.safetensors, .npz, .params); NULL: the
                            model that is in the library */
  const char* device;    /* "cpu", "ref" (plain loops); NULL: "cpu" */
  const char* precision; /* "auto" (the fastest that is near enough), "f32",
                            "bf16", "int8"; NULL: "auto" */
  int32_t threads;       /* of a detection; 0: OMP_NUM_THREADS, else one for
                            each core that this process may use */
  int32_t min_size, max_size; /* the picture's short side is scaled to the
                                 first, unless the long one passes the second,
                                 in pixels, 1 to 16384; 0: the model's */
  int64_t max_pixels; /* a larger picture is an error; 0: 178956970, PIL's */
  /* Each 0 to 1; less than 0: the model's. */
  double score_threshold; /* instances must score higher */
  double nms_threshold;   /* IoU at which the weaker of two boxes is dropped */
  double mask_threshold;  /* probability at which a pixel is the instance's */
} fcis_detector_options;

#define FCIS_DETECTOR_OPTIONS_INIT \
  { sizeof(fcis_detector_options), NULL, NULL, NULL, 0, 0, 0, 0, -1, -1, -1 }

/* Loads a model and makes it ready: half a second for a large one. options:
 * NULL for FCIS_DETECTOR_OPTIONS_INIT. */
FCIS_EXPORT int fcis_detector_new(const fcis_detector_options* options,
                                  fcis_detector** detector, char* error,
                                  size_t error_size) FCIS_NOEXCEPT;

/* Another detector with the same weights, in the same memory, for another
 * thread. threads: as in the options, which they replace; -1: the same. Where
 * several threads detect at once, 1 is best for small models. */
FCIS_EXPORT int fcis_detector_clone(const fcis_detector* detector,
                                    int32_t threads, fcis_detector** clone,
                                    char* error,
                                    size_t error_size) FCIS_NOEXCEPT;

FCIS_EXPORT void fcis_detector_free(fcis_detector* detector) FCIS_NOEXCEPT;

/* What it is: "photos: cpu, bf16, 2 threads". */
FCIS_EXPORT int fcis_detector_describe(const fcis_detector* detector,
                                       char* text, size_t capacity,
                                       size_t* needed, char* error,
                                       size_t error_size) FCIS_NOEXCEPT;

FCIS_EXPORT int fcis_detector_num_classes(const fcis_detector* detector,
                                          size_t* count, char* error,
                                          size_t error_size) FCIS_NOEXCEPT;

/* The class number `index`, from 0: its name, which lives as long as the
 * detector, and its category id in the data set. Either may be NULL. */
FCIS_EXPORT int fcis_detector_class(const fcis_detector* detector, size_t index,
                                    const char** name, int64_t* category_id,
                                    char* error,
                                    size_t error_size) FCIS_NOEXCEPT;

/* Finds the instances in a picture of height x width (>= 1) pixels. stride:
 * bytes from one row to the next; 0: rows follow one another. format: a
 * fcis_pixel_format. *instances is a new handle, also when it holds none. */
FCIS_EXPORT int fcis_detector_detect(const fcis_detector* detector,
                                     const uint8_t* pixels, int64_t height,
                                     int64_t width, int64_t stride, int format,
                                     fcis_instances** instances, char* error,
                                     size_t error_size) FCIS_NOEXCEPT;

/* The same of the bytes of a JPEG or PNG file. */
FCIS_EXPORT int fcis_detector_detect_encoded(const fcis_detector* detector,
                                             const uint8_t* bytes, size_t size,
                                             fcis_instances** instances,
                                             char* error,
                                             size_t error_size) FCIS_NOEXCEPT;

/* The same of a file. */
FCIS_EXPORT int fcis_detector_detect_file(const fcis_detector* detector,
                                          const char* path,
                                          fcis_instances** instances,
                                          char* error,
                                          size_t error_size) FCIS_NOEXCEPT;

FCIS_EXPORT void fcis_instances_free(fcis_instances* instances) FCIS_NOEXCEPT;

/* How many instances there are, by class, then falling score; and the picture's
 * height and width in pixels, which the masks have, too. Each may be NULL. */
FCIS_EXPORT int fcis_instances_size(const fcis_instances* instances,
                                    size_t* count, int64_t* height,
                                    int64_t* width, char* error,
                                    size_t error_size) FCIS_NOEXCEPT;

/* The instance number `index`, from 0. class_index: as fcis_detector_class has
 * it; name: of the class, lives as long as the instances; score: in (0, 1];
 * box: x0, y0, x1, y1 in pixels of the picture. Each may be NULL. */
FCIS_EXPORT int fcis_instances_get(const fcis_instances* instances,
                                   size_t index, int32_t* class_index,
                                   const char** name, float* score,
                                   float box[4], char* error,
                                   size_t error_size) FCIS_NOEXCEPT;

/* Its mask: height x width bytes, 0 or 1, row by row. */
FCIS_EXPORT int fcis_instances_mask(const fcis_instances* instances,
                                    size_t index, uint8_t* mask,
                                    size_t capacity, size_t* needed,
                                    char* error,
                                    size_t error_size) FCIS_NOEXCEPT;

/* Its mask as COCO's compressed run lengths ("counts") with a NUL behind them,
 * which `needed` counts. */
FCIS_EXPORT int fcis_instances_rle(const fcis_instances* instances,
                                   size_t index, char* counts, size_t capacity,
                                   size_t* needed, char* error,
                                   size_t error_size) FCIS_NOEXCEPT;

/* Draws outlines, masks, boxes, classes and scores onto the picture, which has
 * the size that it had. Not onto gray pixels. */
FCIS_EXPORT int fcis_instances_draw(const fcis_instances* instances,
                                    uint8_t* pixels, int64_t height,
                                    int64_t width, int64_t stride, int format,
                                    char* error,
                                    size_t error_size) FCIS_NOEXCEPT;

/* A JSON array of the instances in COCO's results format, with category ids
 * and, of each, box and mask; and a NUL, which `needed` counts. */
FCIS_EXPORT int fcis_instances_to_coco(const fcis_instances* instances,
                                       int64_t image_id, char* json,
                                       size_t capacity, size_t* needed,
                                       char* error,
                                       size_t error_size) FCIS_NOEXCEPT;

/* ---- Masks (run lengths) ------------------------------------------------ */

/* ---- COCO evaluation ----------------------------------------------------- */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FCIS_FCIS_H_ */
