// The reader of each tool's format.
#ifndef FCIS_DATA_CONVERT_READ_FORMAT_H_
#define FCIS_DATA_CONVERT_READ_FORMAT_H_

#include "absl/status/status.h"
#include "fcis/data/convert/find_format.h"
#include "fcis/data/convert/foreign_set.h"
#include "fcis/data/convert/reader_input.h"

namespace fcis::data {

// Adds what the files hold to the set, by the format's reader (read_*.h), whose
// errors it has.
absl::Status ReadFormat(ForeignFormat format, const ReaderInput& input,
                        ForeignSet* set);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_READ_FORMAT_H_
