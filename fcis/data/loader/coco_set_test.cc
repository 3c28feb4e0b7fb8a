#include "fcis/data/loader/coco_set.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/loader/scene_set.h"
#include "fcis/data/loader/test_sets.h"
#include "fcis/data/synth/scene_dataset.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

// Four scenes on disk.
class CocoSetTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name());
    SceneDatasetOptions options;
    options.images = 4;
    options.height = 64;
    options.width = 80;
    options.seed = 3;
    ASSERT_TRUE(WriteSceneDataset(dir_, options, [](int64_t) {}).ok());
    source_ = {absl::StrCat(dir_, "/annotations.json"),
               absl::StrCat(dir_, "/images")};
  }

  std::string Picture(int id) const {
    return absl::StrCat(source_.image_dir, "/00000000000", id, ".jpg");
  }
  absl::StatusOr<std::unique_ptr<CocoSet>> Create() const {
    return CocoSet::Create({source_}, PlainInput(64));
  }

  std::string dir_;
  CocoSource source_;
};

TEST_F(CocoSetTest, HasWhatWasWritten) {
  const auto set = Create();
  ASSERT_TRUE(set.ok()) << set.status();
  const SceneSet scenes(3, 4, 64, 80);
  EXPECT_EQ((*set)->size(), 4);
  EXPECT_EQ((*set)->class_names(), scenes.class_names());
  EXPECT_EQ((*set)->ImageId(2), "3");
  EXPECT_FALSE((*set)->IsPortrait(2));
  for (int i = 0; i < 4; ++i) {
    const auto got = (*set)->Get(i);
    ASSERT_TRUE(got.ok()) << got.status();
    const auto want = scenes.Get(i);
    EXPECT_EQ(got->image.pixels, ReadImage(Picture(i + 1))->pixels);
    EXPECT_EQ(got->instances.boxes, want->instances.boxes);
    EXPECT_EQ(got->instances.labels, want->instances.labels);
    EXPECT_EQ(got->instances.masks, want->instances.masks);
  }
  EXPECT_EQ((*set)->report().used_pictures, 4);
  EXPECT_EQ((*set)->report().used_annotations, (*set)->report().annotations);
}

TEST_F(CocoSetTest, ContentsTellSetsApart) {
  const SetContents contents = (*Create())->Contents();
  ASSERT_EQ(contents.classes.size(), 8u);
  EXPECT_EQ(contents.classes[1], "2 triangle");
  EXPECT_EQ(
      contents.pictures,
      (std::vector<std::string>{"1 000000000001.jpg", "2 000000000002.jpg",
                                "3 000000000003.jpg", "4 000000000004.jpg"}));
  EXPECT_EQ((*Create())->Contents().objects, contents.objects);
  // Another class for the objects of the first one.
  const std::string text = *ReadFile(source_.ann_file);
  const auto with = [&](const std::string& from, const std::string& to) {
    EXPECT_TRUE(WriteFileAtomic(source_.ann_file,
                                absl::StrReplaceAll(text, {{from, to}}))
                    .ok());
    return (*Create())->Contents();
  };
  EXPECT_NE(with("\"category_id\":1", "\"category_id\":2").objects,
            contents.objects);
  const SetContents renamed = with("{\"id\":2,\"name\":\"triangle\"",
                                   "{\"id\":9,\"name\":\"triangle\"");
  EXPECT_EQ(renamed.classes[1], "9 triangle");
  // By whatever path.
  const std::string moved = dir_ + "_moved";
  std::filesystem::remove_all(moved);
  ASSERT_TRUE(WriteFileAtomic(source_.ann_file, text).ok());
  std::filesystem::rename(dir_, moved);
  source_ = {moved + "/annotations.json", moved + "/images"};
  EXPECT_EQ((*Create())->Contents().pictures, contents.pictures);
  EXPECT_EQ((*Create())->Contents().objects, contents.objects);
}

// An object beside a crowd; nothing; a crowd alone; an object beside one that
// is marked as ignored.
TEST_F(CocoSetTest, EmptyPicturesAndIgnoredRegionsWhenAsked) {
  const auto annotation = [](int id, int image, int x, const char* more) {
    return absl::StrCat("{\"id\":", id, ",\"image_id\":", image,
                        ",\"category_id\":1,\"segmentation\":[[", x, ",0,",
                        x + 10, ",0,", x + 10, ",20,", x, ",20]]", more, "}");
  };
  std::string images;
  for (int id = 1; id <= 4; ++id) {
    absl::StrAppend(&images, id > 1 ? "," : "", "{\"id\":", id,
                    ",\"file_name\":\"00000000000", id,
                    ".jpg\",\"height\":64,\"width\":80}");
  }
  ASSERT_TRUE(WriteFileAtomic(
                  source_.ann_file,
                  absl::StrCat("{\"images\":[", images,
                               "],\"categories\":[{\"id\":1,\"name\":\"a\"}],"
                               "\"annotations\":[",
                               annotation(1, 1, 0, ""), ",",
                               annotation(2, 1, 30, ",\"iscrowd\":1"), ",",
                               annotation(3, 3, 0, ",\"iscrowd\":1"), ",",
                               annotation(4, 4, 0, ""), ",",
                               annotation(5, 4, 40, ",\"ignore\":1"), "]}"))
                  .ok());
  const auto make = [&](bool empty_pictures, bool ignored_regions) {
    auto set = CocoSet::Create({source_}, PlainInput(64), {},
                               {empty_pictures, ignored_regions});
    EXPECT_TRUE(set.ok()) << set.status();
    return *std::move(set);
  };
  const auto ids = [](const CocoSet& set) {
    std::string all;
    for (int64_t i = 0; i < set.size(); ++i) {
      absl::StrAppend(&all, set.ImageId(i), ":", set.Labels(i).size(), " ");
    }
    return all;
  };
  // The reference's rule: crowds are not there, "ignore" says nothing.
  EXPECT_EQ(ids(*make(false, false)), "1:1 4:2 ");
  EXPECT_TRUE(make(false, false)->Get(0)->instances.ignored.empty());
  EXPECT_EQ(ids(*make(true, false)), "1:1 2:0 4:2 ");
  EXPECT_EQ(ids(*make(false, true)), "1:1 4:1 ");
  const auto all = make(true, true);
  EXPECT_EQ(ids(*all), "1:1 2:0 3:0 4:1 ");
  const Instances first = all->Get(0)->instances;
  EXPECT_EQ(first.size(), 1u);
  ASSERT_EQ(first.ignored.size(), 64u * 80u);
  EXPECT_EQ(first.ignored[29], 0);
  EXPECT_EQ(first.ignored[30], 1);
  EXPECT_EQ(first.ignored[19 * 80 + 39], 1);
  EXPECT_EQ(first.ignored[20 * 80 + 39], 0);
  EXPECT_EQ(all->Get(1)->instances.size(), 0u);
  EXPECT_TRUE(all->Get(1)->instances.ignored.empty());
  EXPECT_EQ(all->Get(2)->instances.size(), 0u);
  EXPECT_EQ(all->Get(2)->instances.ignored[0], 1);
  EXPECT_EQ(all->Get(3)->instances.ignored[45], 1);
}

TEST_F(CocoSetTest, MissingPicturesAreNamedAtOnce) {
  std::filesystem::remove(Picture(2));
  std::filesystem::remove(Picture(4));
  EXPECT_EQ(Create().status(),
            absl::NotFoundError(absl::StrCat(
                "2 of 4 pictures are missing:\n  image id 2: ", Picture(2),
                ": No such file or directory\n  image id 4: ", Picture(4),
                ": No such file or directory")));
}

// By their headers, before the first is read.
TEST_F(CocoSetTest, PicturesThatCannotBeTrainedOnAreNamedAtOnce) {
  SceneDatasetOptions options;
  options.images = 1;
  options.height = 48;
  options.width = 80;
  const std::string other = absl::StrCat(dir_, "/other");
  ASSERT_TRUE(WriteSceneDataset(other, options, [](int64_t) {}).ok());
  std::filesystem::copy(absl::StrCat(other, "/images/000000000001.jpg"),
                        Picture(3),
                        std::filesystem::copy_options::overwrite_existing);
  std::filesystem::remove(Picture(1));
  ASSERT_TRUE(WriteFileAtomic(Picture(2), "no picture").ok());
  EXPECT_EQ(
      Create().status(),
      absl::NotFoundError(absl::StrCat(
          "3 of 4 pictures are missing, damaged or of another size:\n"
          "  image id 1: ",
          Picture(1), ": No such file or directory\n  image id 2: ", Picture(2),
          ": neither a JPEG nor a PNG file\n  image id 3: ", Picture(3),
          " is 80x48 (width x height), but the annotations say 80x64")));
}

TEST_F(CocoSetTest, APictureThatIsDamagedLaterNamesFileAndId) {
  const auto set = Create();
  ASSERT_TRUE(set.ok());
  ASSERT_TRUE(WriteFileAtomic(Picture(2), "no picture").ok());
  EXPECT_TRUE((*set)->Get(0).ok());
  const std::string message((*set)->Get(1).status().message());
  EXPECT_NE(message.find(Picture(2)), std::string::npos) << message;
  EXPECT_NE(message.find("(image id 2)"), std::string::npos) << message;
  ASSERT_TRUE(WriteFileAtomic(Picture(3), *EncodePng(Image(48, 80))).ok());
  EXPECT_EQ((*set)->Get(2).status().message(),
            absl::StrCat(Picture(3),
                         " is 80x48 (width x height), but the annotations say "
                         "80x64 (image id 3)"));
}

TEST_F(CocoSetTest, BadAnnotationsEndItUnlessTheyAreSkipped) {
  std::string json = *ReadFile(source_.ann_file);
  const size_t at = json.find("\"category_id\":") + 14;
  json.insert(at, "9");
  ASSERT_TRUE(WriteFileAtomic(source_.ann_file, json).ok());
  const std::string message(Create().status().message());
  EXPECT_NE(message.find("(annotations[0]): \"category_id\""),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("--bad_annotations=skip"), std::string::npos);
  BadAnnotationPolicy skip;
  skip.skip = true;
  const auto set = CocoSet::Create({source_}, PlainInput(64), skip);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ((*set)->report().problems.errors.count, 1);
  EXPECT_EQ((*set)->report().used_annotations,
            (*set)->report().annotations - 1);
}

TEST_F(CocoSetTest, NothingToTrainOnIsAnErrorWithTheReport) {
  ASSERT_TRUE(WriteFileAtomic(source_.ann_file,
                              R"({"images":[{"id":1,"file_name":"a.jpg",
      "height":8,"width":8}],"categories":[{"id":1}],"annotations":[]})")
                  .ok());
  const std::string message(Create().status().message());
  EXPECT_NE(message.find("nothing to train on"), std::string::npos) << message;
  EXPECT_NE(message.find("1  pictures without annotations"), std::string::npos)
      << message;
}

}  // namespace
}  // namespace fcis::data
