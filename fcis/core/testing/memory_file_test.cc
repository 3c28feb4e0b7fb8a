#include "fcis/core/testing/memory_file.h"

#include "fcis/core/io/file.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(MemoryFile, IsReadLikeAFile) {
  const std::string bytes(100000, 'x');
  std::string path;
  {
    const MemoryFile file(bytes);
    path = file.path();
    EXPECT_EQ(*ReadFile(path), bytes);
    EXPECT_EQ((*MappedFile::Open(path))->bytes(), bytes);
  }
  EXPECT_FALSE(ReadFile(path).ok());
  EXPECT_EQ(*ReadFile(MemoryFile("").path()), "");
}

}  // namespace
}  // namespace fcis
