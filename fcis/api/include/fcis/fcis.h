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

/* Run-length masks as COCO has them; every result is that of
 * pycocotools 2.0.11. A list of masks is made by one of the functions below and
 * released by fcis_masks_free; it never changes, so that threads may share it.
 * Sizes are pairs of height, width in pixels, their product below 2^32.
 */
typedef struct fcis_masks fcis_masks;

/* n masks of height x width bytes, 0 or 1, column by column, one mask behind
 * the other. As in pycocotools, a run ends wherever a byte differs from the
 * last. */
FCIS_EXPORT int fcis_masks_encode(const uint8_t* pixels, int64_t height,
                                  int64_t width, int64_t n, fcis_masks** masks,
                                  char* error, size_t error_size) FCIS_NOEXCEPT;

/* From compressed counts ("counts" in COCO's files): n strings one behind the
 * other, string i ends before text[ends[i]]. sizes: [n, 2]. */
FCIS_EXPORT int fcis_masks_from_strings(int64_t n, const int64_t* sizes,
                                        const char* text, const int64_t* ends,
                                        fcis_masks** masks, char* error,
                                        size_t error_size) FCIS_NOEXCEPT;

/* The same of strings that stand apart: string i is lengths[i] bytes long. */
FCIS_EXPORT int fcis_masks_from_texts(int64_t n, const int64_t* sizes,
                                      const char* const* texts,
                                      const int64_t* lengths,
                                      fcis_masks** masks, char* error,
                                      size_t error_size) FCIS_NOEXCEPT;

/* From run lengths, likewise. */
FCIS_EXPORT int fcis_masks_from_counts(int64_t n, const int64_t* sizes,
                                       const uint32_t* counts,
                                       const int64_t* ends, fcis_masks** masks,
                                       char* error,
                                       size_t error_size) FCIS_NOEXCEPT;

/* Mask i is the union of the polygons before part_ends[i] that are not of mask
 * i - 1; polygon p has the numbers x, y, x, y, ... before xy[number_ends[p]].
 */
FCIS_EXPORT int fcis_masks_from_polygons(int64_t n, const int64_t* sizes,
                                         const int64_t* part_ends,
                                         const int64_t* number_ends,
                                         const double* xy, fcis_masks** masks,
                                         char* error,
                                         size_t error_size) FCIS_NOEXCEPT;

/* From boxes, [n, 4] of x, y, width, height, all on pictures of one size. */
FCIS_EXPORT int fcis_masks_from_boxes(int64_t n, const double* boxes,
                                      int64_t height, int64_t width,
                                      fcis_masks** masks, char* error,
                                      size_t error_size) FCIS_NOEXCEPT;

/* Some masks of a list, by their numbers from 0: which[0] to which[n - 1]. */
FCIS_EXPORT int fcis_masks_select(const fcis_masks* from, int64_t n,
                                  const int64_t* which, fcis_masks** masks,
                                  char* error, size_t error_size) FCIS_NOEXCEPT;

/* One mask: the union of all, or with intersect the intersection. Of none, or
 * of different sizes: 0 x 0. */
FCIS_EXPORT int fcis_masks_merge(const fcis_masks* from, int intersect,
                                 fcis_masks** masks, char* error,
                                 size_t error_size) FCIS_NOEXCEPT;

/* Number of masks; 0 of NULL. */
FCIS_EXPORT int64_t fcis_masks_count(const fcis_masks* masks) FCIS_NOEXCEPT;

/* sizes: [n, 2]. */
FCIS_EXPORT int fcis_masks_sizes(const fcis_masks* masks, int64_t* sizes,
                                 char* error, size_t error_size) FCIS_NOEXCEPT;

/* The compressed counts, as fcis_masks_from_strings takes them, without a NUL.
 * ends: [n], set also where text is NULL. */
FCIS_EXPORT int fcis_masks_strings(const fcis_masks* masks, int64_t* ends,
                                   char* text, size_t capacity, size_t* needed,
                                   char* error,
                                   size_t error_size) FCIS_NOEXCEPT;

/* As fcis_masks_encode takes them, 0 and 1; all masks must be of one size.
 * pixels_size must be n * height * width. */
FCIS_EXPORT int fcis_masks_decode(const fcis_masks* masks, uint8_t* pixels,
                                  int64_t pixels_size, char* error,
                                  size_t error_size) FCIS_NOEXCEPT;

/* Pixels of foreground: [n]. */
FCIS_EXPORT int fcis_masks_areas(const fcis_masks* masks, uint32_t* areas,
                                 char* error, size_t error_size) FCIS_NOEXCEPT;

/* Tight boxes, x, y, width, height: [n, 4]. */
FCIS_EXPORT int fcis_masks_boxes(const fcis_masks* masks, double* boxes,
                                 char* error, size_t error_size) FCIS_NOEXCEPT;

/* Intersection over union of all m detections with all n objects; over the
 * detection's area alone where crowd ([n], 0 or 1) says so. ious[g * m + d]: of
 * detection d with object g; -1 where sizes differ. */
FCIS_EXPORT int fcis_masks_iou(const fcis_masks* detections,
                               const fcis_masks* objects, const uint8_t* crowd,
                               double* ious, char* error,
                               size_t error_size) FCIS_NOEXCEPT;
FCIS_EXPORT int fcis_boxes_iou(int64_t m, const double* detections, int64_t n,
                               const double* objects, const uint8_t* crowd,
                               double* ious, char* error,
                               size_t error_size) FCIS_NOEXCEPT;

FCIS_EXPORT void fcis_masks_free(fcis_masks* masks) FCIS_NOEXCEPT;

/* ---- COCO evaluation ----------------------------------------------------- */

/* A file in COCO's format as columns of numbers. Only usual records are taken:
 * ids are integers, members what the format says, the text is ASCII; all else
 * is FCIS_INVALID_ARGUMENT. */
typedef struct fcis_records fcis_records;

/* Bits of all_members and any_members below. */
enum fcis_record_member {
  FCIS_RECORD_ID = 1,
  FCIS_RECORD_IMAGE = 2,
  FCIS_RECORD_CATEGORY = 4,
  FCIS_RECORD_BOX = 8,
  FCIS_RECORD_AREA = 16,
  FCIS_RECORD_CROWD = 32,
  FCIS_RECORD_SCORE = 64,
  FCIS_RECORD_SEGMENTATION = 128,
  FCIS_RECORD_OTHER = 256, /* keypoints, a caption */
  FCIS_RECORD_KEYPOINTS = 512,
  FCIS_RECORD_NUM_KEYPOINTS = 1024
};

typedef struct fcis_record_columns {
  size_t struct_size; /* sizeof(fcis_record_columns) */
  /* How many there are; of annotations also the pictures and categories. */
  int64_t records, images, categories;
  uint32_t all_members,
      any_members; /* which all records have, and which some */
  /* Of records; 0 where a member is missing, NULL where all are. boxes:
   * [records, 4]. */
  const int64_t *ids, *image_ids, *category_ids;
  const double *areas, *scores, *boxes;
  const uint8_t* crowd;
  const uint8_t* integral_scores; /* it is written as an integer */
  /* Sizes: -1 where they are missing. */
  const int64_t *listed_images, *image_heights, *image_widths;
  const int64_t* listed_categories;
  /* The file. */
  const char* text;
  size_t text_size;
} fcis_record_columns;

/* Reads annotations, or with results a list of results. */
FCIS_EXPORT int fcis_records_open(const char* path, int results,
                                  fcis_records** records, char* error,
                                  size_t error_size) FCIS_NOEXCEPT;

/* The columns, which live as long as the records. */
FCIS_EXPORT int fcis_records_columns(const fcis_records* records,
                                     fcis_record_columns* columns, char* error,
                                     size_t error_size) FCIS_NOEXCEPT;

/* The masks of all records. sizes: [records, 2], height and width of each one's
 * picture. Without "segmentation" the mask is the box. */
FCIS_EXPORT int fcis_records_masks(const fcis_records* records,
                                   const int64_t* sizes, fcis_masks** masks,
                                   char* error,
                                   size_t error_size) FCIS_NOEXCEPT;

/* "keypoints" of all records: numbers x, y, v, x, y, v, ..., one record's
 * behind the other's, those of record i before numbers[ends[i]]. ends:
 * [records], set also where numbers is NULL. num_keypoints: [records],
 * "num_keypoints", 0 where it is missing. Either may be NULL. */
FCIS_EXPORT int fcis_records_keypoints(const fcis_records* records,
                                       int64_t* num_keypoints, int64_t* ends,
                                       double* numbers, size_t capacity,
                                       size_t* needed, char* error,
                                       size_t error_size) FCIS_NOEXCEPT;

FCIS_EXPORT void fcis_records_free(fcis_records* records) FCIS_NOEXCEPT;

/* The evaluation of detections against objects: cell k * images + i holds those
 * of class k in picture i. Numbers are pycocotools' to the last bit.
 */
typedef struct fcis_evaluation fcis_evaluation;

typedef struct fcis_evaluation_input {
  size_t struct_size; /* sizeof(fcis_evaluation_input) */
  int64_t classes, images;

  /* Objects; each array has one entry per object. */
  int64_t objects;
  const int64_t* object_cells;
  const double* object_ids;
  const double* object_areas;
  const uint8_t* object_ignore;
  const uint8_t* object_crowd;
  /* Compared are masks where both lists of masks are there, else boxes ([n, 4],
   * x, y, width, height); neither is needed for fcis_evaluation_match with
   * overlaps of the caller's. They must live until a match is over. */
  const double* object_boxes;
  const fcis_masks* object_masks;

  int64_t detections;
  const int64_t* detection_cells;
  const double* detection_ids;
  const double* detection_areas;
  const double* detection_scores;
  const double* detection_boxes;
  const fcis_masks* detection_masks;

  int64_t thresholds;
  const double* iou_thresholds;
  int64_t areas;
  const double* area_ranges; /* [areas, 2], both ends are inside */
  int64_t max_detections;    /* of a cell; the last of maxDets */
} fcis_evaluation_input;

FCIS_EXPORT int fcis_evaluation_new(const fcis_evaluation_input* input,
                                    fcis_evaluation** evaluation, char* error,
                                    size_t error_size) FCIS_NOEXCEPT;

/* How many detections count: those that max_detections leaves. */
FCIS_EXPORT int64_t
fcis_evaluation_detections(const fcis_evaluation* evaluation) FCIS_NOEXCEPT;

/* Pairs of a detection that counts and an object of its cell. */
FCIS_EXPORT int64_t fcis_evaluation_pairs(const fcis_evaluation* evaluation)
    FCIS_NOEXCEPT;

/* Cell c has the records order[first[c]] to order[first[c + 1] - 1], numbers of
 * the input's, detections by descending score. first: [classes * images + 1].
 */
FCIS_EXPORT int fcis_evaluation_cells(const fcis_evaluation* evaluation,
                                      int64_t* first_detection,
                                      int64_t* detection_order,
                                      int64_t* first_object,
                                      int64_t* object_order, char* error,
                                      size_t error_size) FCIS_NOEXCEPT;

/* Compares and matches. ious: NULL, or fcis_evaluation_pairs overlaps, cell
 * after cell, each [detections, objects]. */
FCIS_EXPORT int fcis_evaluation_match(fcis_evaluation* evaluation,
                                      const double* ious, char* error,
                                      size_t error_size) FCIS_NOEXCEPT;

/* The same by object keypoint similarity. sigmas: [keypoints], at least one,
 * how far each may be off in terms of the object's size. object_keypoints:
 * [objects, keypoints, 3], detection_keypoints: [detections, keypoints, 3]: x,
 * y, and of objects whether it is seen (> 0). Objects must have boxes.
 * Similarities are pycocotools' but for the last bits of an exponential. */
FCIS_EXPORT int fcis_evaluation_match_keypoints(
    fcis_evaluation* evaluation, int64_t keypoints, const double* sigmas,
    const double* object_keypoints, const double* detection_keypoints,
    char* error, size_t error_size) FCIS_NOEXCEPT;

/* The overlaps, in that form. */
FCIS_EXPORT int fcis_evaluation_ious(const fcis_evaluation* evaluation,
                                     double* ious, char* error,
                                     size_t error_size) FCIS_NOEXCEPT;

/* The matches in one area range, cell after cell: with T thresholds a cell of D
 * detections and G objects has [T, D] matches (ids of objects, or 0) and flags
 * of detections that do not count, [T, G] matches of objects, [G] objects in
 * the order in which they were tried, and their flags. */
FCIS_EXPORT int fcis_evaluation_matches(
    const fcis_evaluation* evaluation, int64_t area, double* detection_matches,
    uint8_t* detection_ignored, double* object_matches, int64_t* object_order,
    uint8_t* object_ignored, char* error, size_t error_size) FCIS_NOEXCEPT;

/* COCOeval's arrays: precision and scores [thresholds, recalls, classes, areas,
 * cuts], recall [thresholds, classes, areas, cuts]; max_dets: [cuts]. */
FCIS_EXPORT int fcis_evaluation_accumulate(
    const fcis_evaluation* evaluation, int64_t recalls,
    const double* recall_thresholds, int64_t cuts, const int64_t* max_dets,
    double* precision, double* recall, double* scores, char* error,
    size_t error_size) FCIS_NOEXCEPT;

FCIS_EXPORT void fcis_evaluation_free(fcis_evaluation* evaluation)
    FCIS_NOEXCEPT;

/* ---- Python ------------------------------------------------------------- */

/* For the Python package alone: functions of Python's stable ABI, and objects
 * that live as long as it does. */
typedef struct fcis_python {
  size_t struct_size; /* sizeof(fcis_python) */
  void* (*list_get_item)(void*, intptr_t);
  intptr_t (*list_size)(void*);
  void* (*list_new)(intptr_t);
  int (*list_set_item)(void*, intptr_t, void*);
  void* (*dict_get_item)(void*, void*); /* PyDict_GetItemWithError */
  int (*dict_set_item)(void*, void*, void*);
  double (*float_as_double)(void*);
  void* (*float_from_double)(double);
  long long (*long_as_long_long)(void*);
  void* (*long_from_long_long)(long long);
  void* (*err_occurred)(void);
  void (*inc_ref)(void*);
  void (*dec_ref)(void*);
  int (*bytes_as_string_and_size)(void*, char**, intptr_t*);
  const char* (*unicode_as_utf8_and_size)(void*, intptr_t*);
  const void *float_type, *int_type, *list_type, *dict_type, *bytes_type;
  const void* str_type;
  void *image_id, *category_id, *id, *area, *score, *bbox; /* keys */
  void *segmentation, *iscrowd, *counts, *size;
  void* zero;
} fcis_python;

/* The columns of n dicts in a list; NULL: not this one. plain: boxes are of
 * floats and of ints whose sums and products are exact. With the GIL; an error
 * of Python's may be set afterwards. FCIS_INVALID_ARGUMENT: some are unusual.
 */
FCIS_EXPORT int fcis_python_columns(const fcis_python* python, void* list,
                                    int64_t n, int plain, int64_t* image_ids,
                                    int64_t* category_ids, double* ids,
                                    double* areas, double* scores,
                                    double* boxes, char* error,
                                    size_t error_size) FCIS_NOEXCEPT;

/* The compressed counts of n RLEs in a list, likewise, as fcis_masks_from_texts
 * takes them. held: a list of n objects, which are replaced by those that the
 * texts are in. */
FCIS_EXPORT int fcis_python_counts(const fcis_python* python, void* list,
                                   int64_t n, void* held, int64_t* sizes,
                                   const char** texts, int64_t* lengths,
                                   char* error,
                                   size_t error_size) FCIS_NOEXCEPT;

/* Gives results with boxes of floats what annotations have, likewise. */
FCIS_EXPORT int fcis_python_complete(const fcis_python* python, void* list,
                                     int64_t n, char* error,
                                     size_t error_size) FCIS_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FCIS_FCIS_H_ */
