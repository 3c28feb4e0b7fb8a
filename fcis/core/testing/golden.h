// Golden files: numbers that the references themselves computed, for parity
// tests. There are two sets:
//   "psroi.npz": of chainer-fcis; $FCIS_PARITY_DIR, else the committed
//     fcis/testdata/parity
//   "chainercv/psroi.npz": of chainercv and MXNet; $FCIS_PARITY_CHAINERCV_DIR,
//     else fcis/testdata/parity_chainercv
// A missing file or array fails the test that asks for it. Which test target
// compares which array stands in fcis/testdata/parity_coverage.txt; a target
// that does not touch every array it claims there fails at its end. A file that
// is marked there as optional is not committed; its tests are skipped where a
// set does not have it.
#ifndef FCIS_CORE_TESTING_GOLDEN_H_
#define FCIS_CORE_TESTING_GOLDEN_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fcis/core/image/image.h"
#include "fcis/core/io/npz.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

// Where a file of either set should be.
std::string GoldenPath(absl::string_view file);
bool HasGoldenFile(absl::string_view file);

class GoldenFile {
 public:
  // `file`: "psroi.npz", "chainercv/psroi.npz". The file stays open; a file
  // that cannot be opened ends the test program with the reason.
  explicit GoldenFile(const std::string& file);

  // The array; missing: ends the test program, naming file and array.
  Tensor Get(absl::string_view name) const;
  bool Has(absl::string_view name) const;
  const std::vector<std::string>& names() const;

  // Scalars and short vectors.
  int Int(absl::string_view name) const;
  float Float(absl::string_view name) const;
  double Double(absl::string_view name) const;
  std::vector<int> Ints(absl::string_view name) const;
  std::vector<float> Floats(absl::string_view name) const;
  // Text arrays: one entry per line.
  std::vector<std::string> Lines(absl::string_view name) const;

 private:
  std::string file_;
  std::shared_ptr<const NpzFile> npz_;
};

// The fixtures' u8 [3,H,W] pictures.
Image ImageFromChw(const Tensor& t);

// One row of the coverage table: in `file`, arrays that match `pattern` ('#'
// stands for digits, a final '*' for anything) are compared by test `target`.
struct CoverageRow {
  std::string file, pattern, target;
  bool optional = false;  // the file may be missing
};
std::vector<CoverageRow> ReadCoverageTable();
bool MatchesPattern(absl::string_view name, absl::string_view pattern);

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_GOLDEN_H_
