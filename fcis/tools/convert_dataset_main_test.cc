// The program as its user meets it: small data sets of each format, painted
// here.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/image/image.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/zip_archive.h"
#include "fcis/core/rle/rle.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/segmentation.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/synth/scene_dataset.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

constexpr int kHeight = 60, kWidth = 80;

// Class and area of each object, sorted, by the picture's stem.
using Contents =
    std::map<std::string, std::vector<std::pair<std::string, double>>>;

class ConvertDatasetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = (fs::path(::testing::TempDir()) /
             ::testing::UnitTest::GetInstance()->current_test_info()->name())
                .string();
    fs::remove_all(root_);
    fs::create_directories(root_);
    program_ = ProgramPath("fcis/tools/convert_dataset_main");
  }

  // The exit code; what the program prints goes to `out_`.
  int Run(const std::string& args) {
    const ProgramRun run = RunProgram(root_, program_, args);
    out_ = run.out + run.err;
    return run.code;
  }

  void Write(const std::string& name, const std::string& bytes) {
    const fs::path path = fs::path(root_) / name;
    fs::create_directories(path.parent_path());
    ASSERT_TRUE(WriteFileAtomic(path.string(), bytes).ok());
  }

  void WriteJpeg(const std::string& name, int height = kHeight,
                 int width = kWidth) {
    Write(name, *data::EncodeJpeg(Image(height, width), 80));
  }

  std::string root_, program_, out_;
};

Contents ReadContents(const std::string& path) {
  data::CocoNeeds needs;
  needs.file_name = data::MemberUse::kNeeded;
  needs.area = data::MemberUse::kNeeded;
  const auto set = data::ReadCocoDataset(path, needs);
  EXPECT_TRUE(set.ok()) << set.status();
  if (!set.ok()) return {};
  EXPECT_EQ(set->problems.errors.count, 0);
  Contents contents;
  std::map<std::string, std::string> stems, names;  // by id
  std::map<std::string, const data::CocoImage*> images;
  for (const auto& image : set->images) {
    stems[image.id.ToString()] = fs::path(image.file_name).stem().string();
    images[image.id.ToString()] = &image;
    contents[stems[image.id.ToString()]];
  }
  for (const auto& category : set->categories) {
    names[category.id.ToString()] = category.name;
  }
  for (const auto& annotation : set->annotations) {
    const std::string image = annotation.image_id.ToString();
    data::Segmentation segmentation;
    EXPECT_TRUE(
        data::ParseSegmentation(annotation.segmentation, segmentation).ok());
    const auto mask = data::SegmentationToRle(
        segmentation, images[image]->height, images[image]->width);
    EXPECT_TRUE(mask.ok()) << mask.status();
    EXPECT_EQ(annotation.area, RleArea(*mask)) << "the area is the mask's";
    contents[stems[image]].emplace_back(
        names[annotation.category_id.ToString()], annotation.area);
  }
  for (auto& [stem, objects] : contents)
    std::sort(objects.begin(), objects.end());
  return contents;
}

using Object = std::pair<std::string, double>;

constexpr char kRectangle[] =
    R"({"label": "cat", "points": [[10, 10], [30, 10], [30, 40], [10, 40]],)"
    R"( "group_id": null, "shape_type": "polygon", "flags": {}})";

std::string Labelme(const std::string& shapes, const std::string& picture,
                    const std::string& data = "null", int height = kHeight,
                    int width = kWidth) {
  return absl::StrCat(R"({"version": "5.2.1", "flags": {}, "shapes": [)",
                      shapes, R"(], "imagePath": ")", picture,
                      R"(", "imageData": )", data, R"(, "imageHeight": )",
                      height, R"(, "imageWidth": )", width, "}");
}

TEST_F(ConvertDatasetTest, Labelme) {
  WriteJpeg("mine/a.jpg");
  WriteJpeg("mine/b.jpg");
  Write(
      "mine/a.json",
      Labelme(absl::StrCat(kRectangle,
                           R"(, {"label": "dog", "points": [[50, 50], [90, 70]],
                         "shape_type": "rectangle"},
                        {"label": "dog", "points": [[5, 5], [5, 9]],
                         "shape_type": "line"})"),
              "a.jpg"));
  Write("mine/b.json", Labelme("", "b.jpg"));
  ASSERT_EQ(Run("mine --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("format: labelme, 2 files"));
  EXPECT_THAT(out_, HasSubstr("1  shapes of type line, which have no area"));
  EXPECT_THAT(out_, HasSubstr("1  objects cut off at the picture's border"));
  EXPECT_THAT(out_, HasSubstr("1 in     1  cat"));
  EXPECT_THAT(out_, HasSubstr("--image_dir mine --html"));
  const Contents contents = ReadContents(root_ + "/out/annotations.json");
  EXPECT_THAT(contents.at("a"),
              ElementsAre(Object("cat", 600), Object("dog", 300)));
  EXPECT_TRUE(contents.at("b").empty());
}

TEST_F(ConvertDatasetTest, PicturesThatLabelmeEmbedsAreWrittenOut) {
  const std::string jpeg = *data::EncodeJpeg(Image(kHeight, kWidth), 80);
  Write("mine/a.json",
        Labelme(kRectangle, "gone.jpg",
                absl::StrCat("\"", absl::Base64Escape(jpeg), "\"")));
  EXPECT_EQ(Run("mine --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("expected --copy_images"));
  ASSERT_EQ(Run("mine --out out --copy_images"), 0) << out_;
  EXPECT_EQ(*ReadFile(root_ + "/out/images/a.jpg"), jpeg);
  Write("mine/a.json",
        Labelme(kRectangle, "gone.jpg",
                absl::StrCat("\"", absl::Base64Escape(jpeg), "\""), 5, 6));
  EXPECT_EQ(Run("mine --out out --copy_images"), 1);
  EXPECT_THAT(out_, HasSubstr("the embedded picture is 80x60"));
}

TEST_F(ConvertDatasetTest, DamagedAndRepeatedFilesAreErrors) {
  WriteJpeg("mine/a.jpg");
  Write("mine/a.json", Labelme(kRectangle, "a.jpg"));
  Write("mine/names.json", R"(["cat", "dog"])");
  Write("mine/settings.json", R"({"zoom": 2})");
  ASSERT_EQ(Run("mine --out out"), 0) << out_;
  Write("mine/a copy.json", Labelme(kRectangle, "a.jpg"));
  Write("mine/b.json", "");
  Write("mine/c.json", R"({"version": "5.0)");
  EXPECT_EQ(Run("mine --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("mine/a.json: mine/a.jpg is described twice, in "
                              "mine/a copy.json too"));
  EXPECT_THAT(out_, HasSubstr("mine/b.json"));
  EXPECT_THAT(out_, HasSubstr("mine/c.json: "));
  EXPECT_THAT(out_, HasSubstr("3 bad records"));
  ASSERT_EQ(Run("mine --out out --bad_annotations skip"), 0) << out_;
  EXPECT_THAT(ReadContents(root_ + "/out/annotations.json").at("a"),
              ElementsAre(Object("cat", 600)));
}

TEST_F(ConvertDatasetTest, SizesThatAreWrongAreErrors) {
  WriteJpeg("mine/a.jpg", 40, 50);
  Write("mine/a.json", Labelme(kRectangle, "a.jpg"));
  Write("mine/b.json", Labelme(kRectangle, "b.jpg"));
  EXPECT_EQ(Run("mine --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("a.jpg is 50x40 (width x height), but the "
                              "annotations say 80x60"));
  EXPECT_THAT(out_, HasSubstr("b.json: there is no picture b.jpg"));
  EXPECT_FALSE(fs::exists(root_ + "/out/annotations.json"));
  EXPECT_EQ(Run("mine --out out --bad_annotations skip"), 1);
  EXPECT_THAT(out_, HasSubstr("no pictures to train on"));
}

// EXIF's orientation 6 in front of a JPEG's other segments.
std::string WithOrientation(const std::string& jpeg, char orientation) {
  const std::string exif(
      "\xff\xe1\x00\x22"
      "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0",
      4 + 6 + 8 + 2 + 9);
  std::string segment = exif;
  segment.push_back(orientation);
  segment.append("\0\0\0\0\0\0", 6);
  return absl::StrCat(jpeg.substr(0, 2), segment, jpeg.substr(2));
}

TEST_F(ConvertDatasetTest, OutlinesOfTheStoredPictureAreTurnedWithIt) {
  Write("mine/a.jpg",
        WithOrientation(*data::EncodeJpeg(Image(kHeight, kWidth), 80), 6));
  Write("mine/shown.json",
        Labelme(kRectangle, "a.jpg", "null", kWidth, kHeight));
  ASSERT_EQ(Run("mine --out out"), 0) << out_;
  EXPECT_THAT(out_, Not(HasSubstr("EXIF")));
  Write("mine/shown.json", Labelme(kRectangle, "a.jpg"));
  ASSERT_EQ(Run("mine --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("EXIF turns"));
  // Clockwise: what lay at the top lies on the right.
  EXPECT_THAT(*ReadFile(root_ + "/out/annotations.json"),
              HasSubstr(R"("bbox":[20.0,10.0,30.0,20.0])"));
  EXPECT_THAT(out_, Not(HasSubstr("look whether they fit")));
  Write("mine/a.jpg",
        WithOrientation(*data::EncodeJpeg(Image(kHeight, kWidth), 80), 3));
  ASSERT_EQ(Run("mine --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("1  pictures that EXIF turns, outlines taken as "
                              "those of the shown one, which their size does "
                              "not tell; look whether they fit: mine/a.jpg"));
}

std::string PaletteLikePng(const std::vector<int>& values) {
  // Gray values are read as they are.
  Image image(kHeight, kWidth);
  for (int x = 0; x < kWidth; ++x) {
    const auto at = static_cast<size_t>(x) * values.size() / kWidth;
    for (int y = 0; y < kHeight; ++y) {
      uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = static_cast<uint8_t>(values[at] >> 16);
      pixel[1] = static_cast<uint8_t>(values[at] >> 8);
      pixel[2] = static_cast<uint8_t>(values[at]);
    }
  }
  return *data::EncodePng(image);
}

TEST_F(ConvertDatasetTest, PascalVoc) {
  WriteJpeg("VOC/JPEGImages/a.jpg");
  WriteJpeg("VOC/JPEGImages/b.jpg");
  WriteJpeg("VOC/JPEGImages/not_segmented.jpg");
  // Background, object 1, void, object 2; of the classes 15 and 8.
  for (const char* stem : {"a", "b"}) {
    Write(absl::StrCat("VOC/SegmentationObject/", stem, ".png"),
          PaletteLikePng({0, 0x800000, 0xe0e0c0, 0x008000}));
    Write(absl::StrCat("VOC/SegmentationClass/", stem, ".png"),
          PaletteLikePng({0, 0xc08080, 0xe0e0c0, 0x400000}));
  }
  Write("VOC/ImageSets/Segmentation/val.txt", "b\n");
  ASSERT_EQ(Run("VOC --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("format: voc"));
  for (const char* part : {"train", "val"}) {
    const Contents contents =
        ReadContents(absl::StrCat(root_, "/out/", part, ".json"));
    ASSERT_EQ(contents.size(), 1);
    EXPECT_THAT(contents.begin()->second,
                ElementsAre(Object("cat", 1200), Object("person", 1200)));
  }
}

TEST_F(ConvertDatasetTest, Sbd) {
  const std::string mat = *ReadFile("fcis/data/convert/testdata/sbd.mat");
  for (const char* stem : {"a", "b"}) {
    WriteJpeg(absl::StrCat("sbd/img/", stem, ".jpg"));
    Write(absl::StrCat("sbd/inst/", stem, ".mat"), mat);
  }
  Write("sbd/cls/a.mat", "not read");
  Write("sbd/val.txt", "b\n");
  ASSERT_EQ(Run("sbd --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("format: sbd, 2 files"));
  for (const char* part : {"train", "val"}) {
    const Contents contents =
        ReadContents(absl::StrCat(root_, "/out/", part, ".json"));
    ASSERT_EQ(contents.size(), 1);
    EXPECT_THAT(contents.begin()->second,
                ElementsAre(Object("cat", 1), Object("cat", 600),
                            Object("person", 1200)));
  }
  const Contents whole = ReadContents(root_ + "/out/val.json");
  ASSERT_EQ(Run("sbd/inst --out inst_alone"), 0) << out_;
  EXPECT_EQ(ReadContents(root_ + "/inst_alone/val.json"), whole);
  Write("sbd/inst/a.mat", mat.substr(0, mat.size() - 9));
  EXPECT_EQ(Run("sbd --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("sbd/inst/a.mat: damaged: it is cut off"));
  fs::remove_all(root_ + "/sbd/inst");
  EXPECT_EQ(Run("sbd --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("cls/a.mat: a file of MATLAB; SBD's are read "
                              "from its folder inst/"));
}

TEST_F(ConvertDatasetTest, FoldersOfMasks) {
  WriteJpeg("set/images/a.jpg");
  WriteJpeg("set/images/b.jpg");
  Write("set/masks/a.png", PaletteLikePng({0, 1, 2, 2}));
  Write("set/masks/nut/b.png", PaletteLikePng({0, 0, 0, 9}));
  Write("set/masks/b_001_bolt.png", PaletteLikePng({0, 7, 8, 0}));
  ASSERT_EQ(Run("set --out out"), 0) << out_;
  EXPECT_THAT(out_, Not(HasSubstr("in several places")));
  // Once more, into a folder of the input.
  ASSERT_EQ(Run("set --out set/out --copy_images"), 0) << out_;
  ASSERT_EQ(Run("set --out set/out --copy_images"), 0) << out_;
  const Contents contents = ReadContents(root_ + "/out/annotations.json");
  EXPECT_EQ(ReadContents(root_ + "/set/out/annotations.json"), contents);
  EXPECT_THAT(contents.at("a"),
              ElementsAre(Object("object", 1200), Object("object", 2400)));
  EXPECT_THAT(contents.at("b"),
              ElementsAre(Object("bolt", 2400), Object("nut", 1200)));
  fs::remove_all(root_ + "/set/out");
  Write("set/masks/a.png", PaletteLikePng({255, 0, 255, 0}));
  ASSERT_EQ(Run("set --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("1  masks of one number in several places"));
  Write("set/masks/c_1.png", PaletteLikePng({0, 7}));
  EXPECT_EQ(Run("set --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("masks/c_1.png: no picture is called like it"));
}

TEST_F(ConvertDatasetTest, LabelStudio) {
  WriteJpeg("pictures/cat 1.jpg");
  Write("export.json",
        R"([{"id": 3, "data": {"image":
             "/data/upload/2/0a1b2c3d-cat%201.jpg"}, "annotations": [{"result":
             [{"id": "x", "type": "polygonlabels", "original_width": 80,
               "original_height": 60, "image_rotation": 0, "value": {"points":
               [[12.5, 0], [37.5, 0], [37.5, 50], [12.5, 50]],
               "polygonlabels": ["cat"]}}]}]}])");
  EXPECT_EQ(Run("export.json --out out"), 0) << out_;
  ASSERT_EQ(Run("export.json --image_dir pictures --out out"), 0) << out_;
  EXPECT_THAT(ReadContents(root_ + "/out/annotations.json").at("cat 1"),
              ElementsAre(Object("cat", 20 * 30)));
}

// Roboflow's folders.
TEST_F(ConvertDatasetTest, PartsStayAndTestPicturesAreLeftOut) {
  for (const char* part : {"train", "valid", "test"}) {
    WriteJpeg(absl::StrCat("set/", part, "/images/", part, "_1.jpg"));
    Write(absl::StrCat("set/", part, "/labels/", part, "_1.txt"),
          "0 0 0 0.25 0 0.25 0.5 0 0.5\n");
  }
  Write("set/data.yaml", "names: ['cat']\n");
  ASSERT_EQ(Run("set --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("1  files of a test part, left out"));
  Write("set/args.yaml", "lr0: 0.01  # names\n");
  ASSERT_EQ(Run("set/data.yaml --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("format: yolo, 3 files"));
  EXPECT_THAT(ReadContents(root_ + "/out/train.json").at("train_1"),
              ElementsAre(Object("cat", 600)));
  const Contents val = ReadContents(root_ + "/out/val.json");
  EXPECT_EQ(val.size(), 1);
  EXPECT_EQ(val.count("valid_1"), 1);
}

// CVAT's "COCO 1.0" is a zip archive.
TEST_F(ConvertDatasetTest, AnArchiveOfCoco) {
  const std::string json =
      R"({"categories": [{"id": 4, "name": "cat"}], "images": [{"id": 1,
          "file_name": "a.jpg", "width": 80, "height": 60}], "annotations": [
          {"id": 1, "image_id": 1, "category_id": 4, "iscrowd": 0,
           "bbox": [1, 2, 30, 40], "area": 1200, "segmentation": []},
          {"id": 2, "image_id": 1, "category_id": 4, "iscrowd": 1,
           "segmentation": {"size": [60, 80], "counts": [60, 120, 4620]}},
          {"id": 3, "image_id": 9, "category_id": 4}]})";
  const std::string jpeg = *data::EncodeJpeg(Image(kHeight, kWidth), 80);
  Write("export.zip", *MakeZip({{"annotations/instances_default.json", json},
                                {"images/default/a.jpg", jpeg}}));
  ASSERT_EQ(Run("export.zip --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("1  boxes without an outline"));
  EXPECT_THAT(out_, HasSubstr("1  annotations of an unlisted picture"));
  EXPECT_THAT(ReadContents(root_ + "/out/annotations.json").at("a"),
              ElementsAre(Object("cat", 120), Object("cat", 1200)));
  EXPECT_THAT(*ReadFile(root_ + "/out/annotations.json"),
              HasSubstr("\"iscrowd\":1"));
  Write("export.zip", *MakeZip({{"../evil.json", json}}));
  EXPECT_EQ(Run("export.zip --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("../evil.json: an unsafe name"));
}

// labelImg's list of classes lies among its labels, and a folder of labelme's
// may be called labels.
TEST_F(ConvertDatasetTest, ListsOfClassesAreNoLabels) {
  WriteJpeg("yolo/images/a.jpg");
  Write("yolo/labels/a.txt", "0 0 0 0.25 0 0.25 0.5 0 0.5\n");
  Write("yolo/labels/classes.txt",
        "\xEF\xBB\xBF"
        "cat\r\ndog\r\n");
  ASSERT_EQ(Run("yolo --out out"), 0) << out_;
  EXPECT_THAT(ReadContents(root_ + "/out/annotations.json").at("a"),
              ElementsAre(Object("cat", 600)));
  Write("yolo/labels/classes.txt", "\xC4pfel\n");
  EXPECT_EQ(Run("yolo --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("classes.txt: the class \"\\xc4pfel\" is no "
                              "text of UTF-8"));
  WriteJpeg("labels/a.jpg");
  WriteJpeg("labels/b.jpg");
  Write("labels/a.json", Labelme(kRectangle, "a.jpg"));
  Write("labels/labels.txt", "__ignore__\ncat\n");
  ASSERT_EQ(Run("labels --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("1  pictures that no annotation file names, left "
                              "out: labels/b.jpg"));
}

std::string Coco(const std::string& picture, const std::string& more = "") {
  return absl::StrCat(
      R"({"categories": [{"id": 4, "name": "cat"}], "images": [{"id": 1,
          "file_name": ")",
      picture,
      R"(", "width": 0, "height": 0}], "annotations": [{"id": 1,
          "image_id": 1, "category_id": 4, "bbox": [0, 0, 10, 10],
          "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]])",
      more, "}]}");
}

// As COCO's own folder has them.
TEST_F(ConvertDatasetTest, SeveralFilesOfOneSet) {
  WriteJpeg("coco/val2017/1 2.jpg");
  Write("coco/annotations/instances_val2017.json", Coco("1%202.jpg"));
  Write("coco/annotations/person_keypoints_val2017.json",
        Coco("1%202.jpg", R"(, "keypoints": [1, 2, 2])"));
  Write("coco/annotations/captions_val2017.json",
        R"({"images": [], "annotations": [{"id": 1, "caption": "a cat"}]})");
  ASSERT_EQ(Run("coco --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("format: coco, 2 files"));
  EXPECT_THAT(out_, HasSubstr("1  annotations that another file has, too"));
  EXPECT_THAT(ReadContents(root_ + "/out/annotations.json").at("1 2"),
              ElementsAre(Object("cat", 100)));
  ASSERT_EQ(Run("coco/annotations/captions_val2017.json --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("without \"categories\""));
  EXPECT_EQ(Run("out --out again"), 1);
  EXPECT_THAT(out_, HasSubstr("--image_dir names the folder"));
  EXPECT_EQ(Run("out --image_dir coco --out again"), 0) << out_;
}

// As when the lists of two files were put behind each other.
TEST_F(ConvertDatasetTest, AnIdOfTwoPicturesOrClassesIsAnError) {
  for (const char* name : {"a", "b", "c"}) {
    WriteJpeg(absl::StrCat("coco/", name, ".jpg"));
  }
  const std::string two = absl::StrReplaceAll(
      Coco("a.jpg"), {{R"("images": [)",
                       R"("images": [{"id": 1, "file_name": "b.jpg"},
                          {"id": 2, "file_name": "c.jpg"}, )"}});
  Write("coco/a.json", two);
  EXPECT_EQ(Run("coco --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("image id 1 (images[0]): b.jpg has the id of "
                              "another one"));
  EXPECT_THAT(out_, HasSubstr("a.jpg has the id of another one"));
  ASSERT_EQ(Run("coco --out out --bad_annotations skip"), 0) << out_;
  const Contents contents = ReadContents(root_ + "/out/annotations.json");
  ASSERT_EQ(contents.size(), 1);
  EXPECT_TRUE(contents.at("c").empty());
  Write("coco/a.json",
        absl::StrReplaceAll(
            Coco("a.jpg"),
            {{R"({"id": 4,)", R"({"id": 4, "name": "dog"}, {"id": 4,)"}}));
  EXPECT_EQ(Run("coco --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("category id 4 is \"dog\" and \"cat\""));
}

TEST_F(ConvertDatasetTest, WhatCvatsBrushDrewIsNoCrowd) {
  WriteJpeg("coco/a.jpg");
  const std::string crowd = absl::StrReplaceAll(
      Coco("a.jpg", R"(, "iscrowd": 1)"),
      {{"[[0, 0, 10, 0, 10, 10, 0, 10]]",
        R"({"size": [60, 80], "counts": [0, 100, 4700]})"}});
  Write("coco/a.json", crowd);
  ASSERT_EQ(Run("coco --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("0 in     0  cat; 1 crowds and ignored ones"));
  EXPECT_THAT(out_, HasSubstr("warning: no picture has an object"));
  Write("coco/a.json",
        absl::StrReplaceAll(
            crowd, {{R"("iscrowd": 1)",
                     R"("iscrowd": 1, "attributes": {"occluded": false})"}}));
  ASSERT_EQ(Run("coco --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("1 in     1  cat\n"));
  EXPECT_THAT(out_, HasSubstr("1  masks that CVAT exports as crowds"));
  EXPECT_THAT(*ReadFile(root_ + "/out/annotations.json"),
              Not(HasSubstr("\"iscrowd\":1")));
}

TEST_F(ConvertDatasetTest, WhatAnEarlierRunLeftIsNoPartOfThis) {
  const std::string jpeg = *data::EncodeJpeg(Image(kHeight, kWidth), 80);
  Write("a.zip", *MakeZip({{"a.json", Coco("a.jpg")}, {"a.jpg", jpeg}}));
  Write("b.zip", *MakeZip({{"b.json", Coco("b.jpg")}, {"b.jpg", jpeg}}));
  ASSERT_EQ(Run("a.zip --out out"), 0) << out_;
  ASSERT_EQ(Run("b.zip --out out"), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("format: coco, 1 files"));
  EXPECT_EQ(ReadContents(root_ + "/out/annotations.json").size(), 1);

  for (const char* to : {"yolo", "labelme"}) {
    const auto convert = [&](const std::string& archive) {
      return Run(absl::StrCat(archive, " --out ", to, " --to ", to));
    };
    ASSERT_EQ(convert("a.zip"), 0) << out_;
    ASSERT_EQ(convert("a.zip"), 0) << out_;
    EXPECT_EQ(convert("b.zip"), 1);
    EXPECT_THAT(out_, HasSubstr("a.jpg"));
    EXPECT_THAT(out_,
                HasSubstr("would be taken for a part of what is written"));
  }
  EXPECT_EQ(Run("out --out out"), 2);
  EXPECT_THAT(out_, HasSubstr("--out=out: it is the folder that is read"));
}

TEST_F(ConvertDatasetTest, WhereNothingIsLeftThatIsSaid) {
  WriteJpeg("mine/a.jpg");
  Write("mine/a.json", Labelme(R"({"label": "cat", "points": [[1, 1]],)"
                               R"( "shape_type": "point"})",
                               "a.jpg"));
  EXPECT_EQ(Run("mine --out out"), 0);
  EXPECT_THAT(out_, HasSubstr("warning: no picture has an object"));
}

TEST_F(ConvertDatasetTest, WhatItIsMustBePlain) {
  Write("empty/a.txt", "");
  EXPECT_EQ(Run("empty --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("no annotations that are known"));
  Write("xml/a.xml", "<annotations/>");
  EXPECT_EQ(Run("xml --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("xml/a.xml: XML annotations; export them in "
                              "COCO's format"));
  Write("both/labels/a.txt", "");
  Write("both/b.json", Labelme("", "b.jpg"));
  EXPECT_EQ(Run("both --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("--from labelme: "));
  EXPECT_THAT(out_, HasSubstr("--from yolo: "));
  EXPECT_EQ(Run("both --out out --from yolo"), 1);
  EXPECT_THAT(out_, HasSubstr("no names of classes"));
  Write("broken/a.json", R"({"shapes": [})");
  EXPECT_EQ(Run("broken --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("broken/a.json: byte 12: "));
  Write("det.json", R"([{"image_id": 1, "score": 1}])");
  EXPECT_EQ(Run("det.json --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("results of a detector"));
  Write("min.json", R"([{"id": 1, "image": "a.jpg", "annotation_id": 1}])");
  EXPECT_EQ(Run("min.json --out out"), 1);
  EXPECT_THAT(out_, HasSubstr("JSON_MIN"));
  EXPECT_EQ(Run("--out out"), 2);
  EXPECT_EQ(Run("both --out out --from lablme"), 2);
  EXPECT_EQ(Run("both --out out --hold_out 1"), 2);
  EXPECT_EQ(Run("missing --out out"), 1);
}

// Painted scenes, to other formats and back.
class RoundTripTest : public ConvertDatasetTest {
 protected:
  void SetUp() override {
    ConvertDatasetTest::SetUp();
    data::SceneDatasetOptions options;
    options.images = 16;
    options.height = 128;
    options.width = 160;
    ASSERT_TRUE(
        data::WriteSceneDataset(root_ + "/scenes", options, [](int64_t) {
        }).ok());
    before_ = ReadContents(root_ + "/scenes/annotations.json");
  }

  Contents before_;
};

TEST_F(RoundTripTest, ThroughLabelmeEveryPixelStays) {
  ASSERT_EQ(Run("scenes --to labelme --out labelme"), 0) << out_;
  ASSERT_EQ(Run("labelme --out back"), 0) << out_;
  EXPECT_EQ(ReadContents(root_ + "/back/annotations.json"), before_);
}

// Parts are joined by lines, which may cover the pixels they run along, and
// coordinates have seven digits.
TEST_F(RoundTripTest, ThroughYoloAreasStayWithinTheLinesThatJoinParts) {
  ASSERT_EQ(Run("scenes --to yolo --out yolo --hold_out 0.25 --seed 5"), 0)
      << out_;
  ASSERT_EQ(Run("yolo --out back"), 0) << out_;
  Contents after = ReadContents(root_ + "/back/train.json");
  const Contents val = ReadContents(root_ + "/back/val.json");
  EXPECT_GE(val.size(), 4);
  after.insert(val.begin(), val.end());
  ASSERT_EQ(after.size(), before_.size());
  for (const auto& [stem, objects] : before_) {
    ASSERT_EQ(after[stem].size(), objects.size()) << stem;
    std::map<std::string, double> areas;
    for (const auto& [name, area] : objects) areas[name] += area;
    for (const auto& [name, area] : after[stem]) areas[name] -= area;
    for (const auto& [name, difference] : areas) {
      EXPECT_LE(std::abs(difference), 160) << stem << " " << name;
    }
  }
}

TEST_F(RoundTripTest, NamesOfClassesStayWhateverTheyHave) {
  const std::string path = root_ + "/scenes/annotations.json";
  std::string text = *ReadFile(path);
  const std::string first = before_.begin()->second.at(0).first;
  Write(
      "scenes/annotations.json",
      absl::StrReplaceAll(text, {{absl::StrCat("\"name\":\"", first, "\""),
                                  R"("name":"\"a\", b]: \\c # 'd' \u00e9")"}}));
  for (const char* to : {"yolo", "labelme"}) {
    ASSERT_EQ(Run(absl::StrCat("scenes --to ", to, " --out ", to)), 0) << out_;
    ASSERT_EQ(Run(absl::StrCat(to, " --out back")), 0) << out_;
    EXPECT_THAT(out_, HasSubstr("  \"a\", b]: \\c # 'd' \xC3\xA9\n"));
  }
}

TEST_F(RoundTripTest, TheSeedChoosesAndEachClassIsInBothParts) {
  const auto validates = [&](const char* seed) {
    EXPECT_EQ(Run(absl::StrCat("scenes --hold_out 0.25 --out o", seed,
                               " --seed ", seed)),
              0)
        << out_;
    EXPECT_THAT(out_, HasSubstr("of them to validate)"));
    return ReadContents(absl::StrCat(root_, "/o", seed, "/val.json"));
  };
  const Contents first = validates("1");
  EXPECT_GE(first.size(), 4);
  EXPECT_EQ(validates("1"), first);
  EXPECT_NE(validates("2"), first);
  std::map<std::string, int> pictures, found;
  for (const auto& [stem, objects] : before_) {
    std::map<std::string, int> here;
    for (const auto& [name, area] : objects) here[name] = 1;
    for (const auto& [name, one] : here) {
      ++pictures[name];
      found[name] += first.count(stem) > 0 ? 1 : 0;
    }
  }
  for (const auto& [name, count] : pictures) {
    EXPECT_LT(found[name], count) << name;
    // One of a single picture may stay out; so may one whose pictures all have
    // the last of another class.
    if (count > 3) {
      EXPECT_GT(found[name], 0) << name;
    }
  }
}

}  // namespace
}  // namespace fcis::tools
