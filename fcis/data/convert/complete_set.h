// Makes what the readers found fit the pictures as they are.
#ifndef FCIS_DATA_CONVERT_COMPLETE_SET_H_
#define FCIS_DATA_CONVERT_COMPLETE_SET_H_

#include "fcis/data/convert/foreign_set.h"

namespace fcis::data {

// Opens each picture's header, and gives each object its mask. On NumThreads()
// threads.
//
// Sizes are those of pictures as they are shown, turned by EXIF, as this
// project and the tools have them. Where annotations have the stored size of a
// picture that EXIF turns by a right angle, they were made without EXIF: they
// are turned, with a note. (Half turns and mirrors leave the size, and are
// taken to be shown.) Another size, or a picture that cannot be read, is one of
// the set's problems, and the picture is left out.
//
// Polygons become pixels, are cut off at the picture's border (a note where
// that is more than a pixel), and those of fewer than three points are dropped;
// an object without a pixel is left out, with a note.
void CompleteSet(ForeignSet* set);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_COMPLETE_SET_H_
