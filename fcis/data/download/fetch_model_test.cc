#include "fcis/data/download/fetch_model.h"

#include <filesystem>

#include "fcis/core/io/file.h"
#include "fcis/data/download/manifest.h"
#include "fcis/data/download/test_archive.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(FetchModelTest, WhatIsThereNeedsNoNetwork) {
  const std::string directory = ::testing::TempDir() + "/models";
  std::filesystem::create_directories(directory);
  const DownloadItem& item = *FirstItem(BuiltinManifest(), DownloadItem::MODEL);
  const std::string path = directory + "/" + item.file();
  ASSERT_TRUE(WriteFileAtomic(path, MakeArchive({{"a.npy", "x"}}, true)).ok());
  for (const std::string& name : {std::string(), item.name(), item.file()}) {
    const auto found = FetchModel(name, directory);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(*found, path);
  }
}

TEST(FetchModelTest, UnknownNames) {
  for (const char* name : {"no_such_model", "train2014_images"}) {
    const absl::Status status = FetchModel(name, "/proc/no").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  }
}

TEST(FetchModelTest, WithoutASourceItSaysWhereToGet) {
  EXPECT_THAT(
      FetchModel("fcis_coco_ohem", ::testing::TempDir()).status().ToString(),
      ::testing::HasSubstr("github.com/msracver/FCIS"));
}

}  // namespace
}  // namespace fcis
