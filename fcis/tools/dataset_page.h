// A data set as a page that any browser shows.
#ifndef FCIS_TOOLS_DATASET_PAGE_H_
#define FCIS_TOOLS_DATASET_PAGE_H_

#include <string>

#include "fcis/data/loader/coco_index.h"
#include "fcis/data/loader/dataset_report.h"
#include "fcis/tools/dataset_look.h"

namespace fcis::tools {

struct DatasetPageOptions {
  std::string title;  // the annotations' file
  int gallery = 0;    // pictures that are shown, at most
};

// One HTML file, which loads nothing: objects of each class and their sizes,
// what `report` and `look` found, and pictures with their masks drawn, of which
// a class or a kind of suspect can be chosen. The gallery has pictures with
// suspects, as many of each kind as of the others, in half of its places, and
// others evenly over the set. A picture that cannot be read has the reason in
// its place.
std::string DatasetPage(const data::CocoIndex& index,
                        const data::DatasetReport& report,
                        const DatasetLook& look,
                        const DatasetPageOptions& options);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_DATASET_PAGE_H_
