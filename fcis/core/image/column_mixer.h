// The horizontal half of a bilinear resize: one row of a picture at another
// width.
#ifndef FCIS_CORE_IMAGE_COLUMN_MIXER_H_
#define FCIS_CORE_IMAGE_COLUMN_MIXER_H_

#include "fcis/core/tensor/block_cache.h"

namespace fcis {

// For pictures of three channels. Thread-safe once made.
class ColumnMixer {
 public:
  // Columns of the source and of the result, both >= 1.
  ColumnMixer(int in, int out, bool mirrored);

  // Floats that Run may read of a source row; those behind in * 3 are not used.
  int source_size() const { return source_size_; }

  // from: [in][3], with room as above; to: [out][3], as ResizeBilinear
  // (resize.h) mixes along a row.
  void Run(const float* from, float* to) const;

 private:
  // Where each block of results begins to read; empty where a block's places
  // lie too far apart, or the CPU has no use for it.
  RecycledVector<int> begin_;
  // Places of the two values that each result mixes, the same where the second
  // does not count; from the beginning of its block, if there are any.
  RecycledVector<int> first_, second_;
  RecycledVector<float> fraction_;
  int source_size_;
};

}  // namespace fcis

#endif  // FCIS_CORE_IMAGE_COLUMN_MIXER_H_
