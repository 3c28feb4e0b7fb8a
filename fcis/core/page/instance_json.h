// Instances for the script of a page (drawInstances in page.js).
#ifndef FCIS_CORE_PAGE_INSTANCE_JSON_H_
#define FCIS_CORE_PAGE_INSTANCE_JSON_H_

#include <string>

#include "fcis/core/rle/rle.h"

namespace fcis {

// Of a picture as a page has it.
struct PagePicture {
  int height = 0, width = 0;            // of the file, in pixels
  int mask_height = 0, mask_width = 0;  // of masks on the page

  // With masks of at most `side` pixels at the longer side.
  static PagePicture Of(int height, int width, int side);
};

// The members "box": [x, y, width, height], in the file's pixels, and "mask":
// compressed counts (rle_string.h) in the page's size. No mask (null), or one
// of another size than the picture, has no member.
std::string InstanceMembers(const XywhBox& box, const Rle* mask,
                            const PagePicture& picture);

}  // namespace fcis

#endif  // FCIS_CORE_PAGE_INSTANCE_JSON_H_
