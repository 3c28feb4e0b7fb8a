#include "fcis/data/loader/coco_index.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/loader/judgement.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

constexpr char kSquare[] = R"([[2,1, 6,1, 6,4, 2,4]])";

std::string WriteJson(const std::string& name, const std::string& json) {
  std::string path = absl::StrCat(testing::TempDir(), "/", name);
  EXPECT_TRUE(WriteFileAtomic(path, json).ok());
  return path;
}

std::string Annotation(int id, int image, int category, const std::string& bbox,
                       const std::string& segmentation,
                       const std::string& more = "") {
  return absl::StrCat(
      R"({"id":)", id, R"(,"image_id":)", image, R"(,"category_id":)", category,
      bbox.empty() ? "" : absl::StrCat(R"(,"bbox":)", bbox),
      segmentation.empty() ? ""
                           : absl::StrCat(R"(,"segmentation":)", segmentation),
      more, "}");
}

CocoIndex Index(const std::vector<CocoSource>& sources) {
  absl::StatusOr<CocoIndex> index = IndexCoco(sources);
  EXPECT_TRUE(index.ok()) << index.status();
  return index.ok() ? *std::move(index) : CocoIndex();
}

constexpr char kPicture[] =
    R"({"id":1,"file_name":"a.png","height":8,"width":10})";
constexpr char kCategories[] =
    R"([{"id":7,"name":"cat"},{"id":3,"name":"dog"}])";

std::string Dataset(const std::string& images, const std::string& annotations) {
  return absl::StrCat(R"({"images":[)", images, R"(],"categories":)",
                      kCategories, R"(,"annotations":[)", annotations, "]}");
}

// The index of annotations of the picture.
CocoIndex IndexOf(const std::string& annotations) {
  return Index(
      {{WriteJson("one.json", Dataset(kPicture, annotations)), "dir"}});
}

std::vector<std::string> Ids(const CocoIndex& index, size_t picture) {
  std::vector<std::string> ids;
  for (const CocoObject& o : index.ObjectsOf(index.pictures[picture])) {
    ids.push_back(o.id.ToString());
  }
  return ids;
}

using Strings = std::vector<std::string>;

TEST(IndexCoco, LabelsFollowTheCategoriesAndBoxesTheAnnotations) {
  // Boxes are the annotation's own, clipped, and need not fit the mask.
  const CocoIndex index =
      IndexOf(absl::StrCat(Annotation(1, 1, 3, "[2.5,1,4,3]", kSquare), ",",
                           Annotation(2, 1, 7, "[-3,-2,200,200]", kSquare)));
  EXPECT_EQ(index.class_names, (Strings{"cat", "dog"}));
  ASSERT_EQ(index.objects.size(), 2u);
  EXPECT_EQ(index.pictures[0].path, "dir/a.png");
  EXPECT_EQ(index.objects[0].label, 2);
  EXPECT_EQ(index.objects[0].box, (Box{2.5, 1, 6.5, 4}));
  EXPECT_EQ(index.objects[1].label, 1);
  EXPECT_EQ(index.objects[1].box, (Box{0, 0, 10, 8}));
  const auto mask = DecodeSegmentation(index.objects[0].segmentation, 8, 10);
  ASSERT_TRUE(mask.ok()) << mask.status();
  EXPECT_EQ(RleToBbox(*mask), (XywhBox{2, 1, 4, 3}));
  EXPECT_EQ(index.report.annotations, 2);
}

// Each kind of dirt leaves its trace and takes its annotation along. What is
// bad, and not only useless, is an error as well.
TEST(IndexCoco, LeavesOutWhatCannotBeTrainedOn) {
  struct Case {
    std::string annotation;
    Finding finding;
    bool kept;
  };
  const std::string box = "[2,1,4,3]";
  const Case cases[] = {
      {Annotation(5, 9, 7, box, kSquare), Finding::kUnknownImage, false},
      {Annotation(5, 1, 8, box, kSquare), Finding::kUnknownCategory, false},
      {Annotation(5, 1, 7, box, kSquare, R"(,"iscrowd":1)"), Finding::kCrowd,
       false},
      {Annotation(5, 1, 7, "[2,1,0,3]", kSquare), Finding::kEmptyBox, false},
      {Annotation(5, 1, 7, "[12,1,4,3]", kSquare), Finding::kEmptyBox, false},
      {Annotation(5, 1, 7, "[2,1,-4,-3]", kSquare), Finding::kEmptyBox, false},
      {Annotation(5, 1, 7, "", kSquare), Finding::kNoBox, true},
      {Annotation(5, 1, 7, box, ""), Finding::kBadMask, false},
      {Annotation(5, 1, 7, box, "[]"), Finding::kBadMask, false},
      {Annotation(5, 1, 7, box, "null"), Finding::kBadMask, false},
      {Annotation(5, 1, 7, box, "[[2,1,6,1]]"), Finding::kShortPolygon, false},
      {Annotation(5, 1, 7, box, "[[2,1,6,1],[2,1,6,1,6,4,2,4]]"),
       Finding::kShortPolygon, true},
      {Annotation(5, 1, 7, box, R"({"size":[8,9],"counts":[0,4]})"),
       Finding::kBadMask, false},
      {Annotation(5, 1, 7, box, R"({"size":[8,10],"counts":[0,400]})"),
       Finding::kBadMask, false},
      {Annotation(5, 1, 7, box, R"({"size":[8,10],"counts":"\u00ff"})"),
       Finding::kBadMask, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.annotation);
    const CocoIndex index = IndexOf(
        absl::StrCat(c.annotation, ",", Annotation(6, 1, 7, box, kSquare)));
    EXPECT_EQ(index.report.count(c.finding), 1);
    EXPECT_EQ(index.report.examples(c.finding), Strings{"5"});
    const bool bad = c.finding == Finding::kUnknownImage ||
                     c.finding == Finding::kUnknownCategory ||
                     index.report.count(Finding::kBadMask) > 0;
    EXPECT_EQ(index.report.problems.errors.count, bad ? 1 : 0);
    EXPECT_EQ(Ids(index, 0), c.kept ? (Strings{"5", "6"}) : Strings{"6"});
  }
  // What is in order leaves none.
  const CocoIndex clean = IndexOf(absl::StrCat(
      Annotation(5, 1, 7, box, R"({"size":[8,10],"counts":[17,3,60]})"), ",",
      Annotation(6, 1, 7, box, kSquare)));
  for (int f = 0; f < static_cast<int>(Finding::kCount); ++f) {
    EXPECT_EQ(clean.report.count(static_cast<Finding>(f)), 0) << f;
  }
  EXPECT_EQ(clean.report.problems.errors.count, 0);
  EXPECT_EQ(clean.objects.size(), 2u);
}

// The only error of an annotation with id 5, without file and place.
std::string ErrorOf(const std::string& annotation) {
  const CocoIndex index = IndexOf(annotation);
  const RecordLines& errors = index.report.problems.errors;
  EXPECT_EQ(errors.count, 1) << annotation;
  const std::string place = "one.json: annotation id 5 (annotations[0]): ";
  const std::string line = errors.count > 0 ? errors.lines[0] : "";
  const size_t at = line.find(place);
  EXPECT_NE(at, std::string::npos) << line;
  return at == std::string::npos ? line : line.substr(at + place.size());
}

TEST(IndexCoco, Case63ErrorsSayWhatWasFound) {
  const std::string box = "[2,1,4,3]";
  EXPECT_EQ(ErrorOf(Annotation(5, 9, 7, box, kSquare)),
            R"("image_id": expected the id of a picture, found 9)");
  EXPECT_EQ(ErrorOf(R"({"id":5,"image_id":1,"category_id":"7"})"),
            "\"category_id\": expected the id of a category, found \"7\"; "
            "\"7\" is text where \"categories\" has the number 7");
  EXPECT_EQ(ErrorOf(Annotation(5, 1, 7, "[1,2,3]", kSquare)),
            R"("bbox": expected [x, y, width, height], found [1,2,3])");
  EXPECT_EQ(ErrorOf(Annotation(5, 1, 7, box, "")),
            R"("segmentation": expected polygons or an RLE, found nothing)");
  EXPECT_EQ(ErrorOf(Annotation(5, 1, 7, box, "\"1 2\"")),
            R"("segmentation": expected polygons or an RLE, found "1 2")");
  EXPECT_THAT(
      ErrorOf(Annotation(5, 1, 7, box, "[[1, null]]")),
      testing::HasSubstr("found [[1, null]]: expected a number, not 'null"));
  EXPECT_EQ(
      ErrorOf(Annotation(5, 1, 7, box, R"({"size":[8,9],"counts":[0,4,68]})")),
      R"("segmentation": a mask of 9x8 (width x height) for a picture of 10x8)");
  EXPECT_EQ(ErrorOf(Annotation(5, 1, 7, box, "[[2,1,6,1]]")),
            "\"segmentation\": no polygon has 3 points; expected [x0, y0, x1, "
            "y1, x2, y2, ...]");
}

TEST(IndexCoco, TwoCategoriesOfOneNameAreAConflict) {
  const CocoIndex index =
      Index({{WriteJson("same.json",
                        absl::StrCat(R"({"images":[)", kPicture,
                                     R"(],"categories":[{"id":7,"name":"cat"},
                          {"id":3,"name":"cat"}]})")),
              "dir"}});
  ASSERT_EQ(index.report.problems.conflicts.count, 1);
  EXPECT_THAT(
      index.report.problems.conflicts.lines[0],
      testing::HasSubstr(
          "same.json: category ids 7 and 3 have the same name, \"cat\""));
}

TEST(IndexCoco, ACategoryOfTwoNamesIsAConflict) {
  const auto index_of = [](const char* second) {
    return Index(
        {{WriteJson("twice.json", absl::StrCat(R"({"images":[)", kPicture,
                                               R"(],"categories":[
                              {"id":7,"name":"cat"},{"id":7,"name":")",
                                               second, R"("}]})")),
          "dir"}});
  };
  const CocoIndex index = index_of("dog");
  ASSERT_EQ(index.report.problems.conflicts.count, 1);
  EXPECT_THAT(index.report.problems.conflicts.lines[0],
              testing::HasSubstr("twice.json: category id 7 has two names, "
                                 "\"cat\" and \"dog\""));
  const CocoIndex same = index_of("cat");
  EXPECT_EQ(same.report.problems.conflicts.count, 0);
  EXPECT_EQ(same.report.count(Finding::kDuplicateCategory), 1);
}

// What training can do without and an evaluation cannot.
TEST(IndexCoco, NamesWhatALaterEvaluationRefuses) {
  CocoNeeds needs = TrainingNeeds();
  needs.evaluated_later = true;
  const std::string path = WriteJson(
      "later.json",
      Dataset(
          kPicture,
          absl::StrCat(
              Annotation(5, 1, 7, "", kSquare, R"(,"area":12)"), ",",
              Annotation(6, 1, 7, "[2,1,4,3]", "[[2,1,6,1],[2,1,6,1,6,4,2,4]]",
                         R"(,"area":12)"))));
  const auto index = IndexCoco({{path, "dir"}}, needs);
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(Ids(*index, 0), (Strings{"5", "6"}));
  EXPECT_THAT(index->report.problems.errors.lines,
              testing::ElementsAre(
                  testing::HasSubstr("id 5 (annotations[0]): \"bbox\""),
                  testing::HasSubstr("id 6 (annotations[1]): \"segmentation\": "
                                     "4 numbers in the first polygon")));
}

TEST(IndexCoco, AMissingBoxIsTheMasks) {
  EXPECT_EQ(IndexOf(Annotation(1, 1, 7, "", kSquare)).objects[0].box,
            (Box{2, 1, 6, 4}));
}

TEST(IndexCoco, DuplicateIds) {
  const std::string box = "[2,1,4,3]";
  // The last record of a picture counts; annotations count each.
  const CocoIndex index = Index(
      {{WriteJson(
            "two.json",
            Dataset(absl::StrCat(kPicture, R"(,{"id":1,"file_name":"b.png",
                        "height":8,"width":10},{"id":2,"file_name":"c.png",
                        "height":8,"width":10},{"id":3,"file_name":"d.png",
                        "height":8,"width":9})"),
                    absl::StrCat(Annotation(4, 2, 7, box, kSquare), ",",
                                 Annotation(5, 1, 7, box, kSquare), ",",
                                 Annotation(4, 1, 7, box, kSquare), ",",
                                 Annotation(6, 2, 9, box, kSquare)))),
        "dir"}});
  ASSERT_EQ(index.pictures.size(), 3u);
  EXPECT_EQ(index.pictures[0].path, "dir/b.png");
  EXPECT_EQ(index.report.examples(Finding::kDuplicateImage), Strings{"1"});
  EXPECT_EQ(index.report.examples(Finding::kDuplicateAnnotation), Strings{"4"});
  EXPECT_EQ(index.report.examples(Finding::kNoAnnotation), Strings{"3"});
  EXPECT_EQ(Ids(index, 0), (Strings{"5", "4"}));
  EXPECT_EQ(Ids(index, 1), (Strings{"4"}));
}

TEST(IndexCoco, APictureWithoutUsableAnnotations) {
  const CocoIndex index = IndexOf(Annotation(1, 1, 8, "[2,1,4,3]", kSquare));
  EXPECT_EQ(index.report.count(Finding::kNoUsableAnnotation), 1);
  EXPECT_EQ(index.report.count(Finding::kNoAnnotation), 0);
}

// Neither is it one whose annotations the reader leaves out, nor one that an
// annotation may belong to.
TEST(UsablePictures, APictureWithBadAnnotationsIsNotEmpty) {
  CocoUse use;
  use.empty_pictures = true;
  for (const char* bad : {R"({"id":5,"image_id":1})",
                          R"({"id":5,"image_id":1,"category_id":7,
                             "bbox":[1,2,3]})",
                          R"({"id":5,"image_id":[],"category_id":7})", "5"}) {
    SCOPED_TRACE(bad);
    CocoIndex index = IndexOf(bad);
    EXPECT_EQ(index.report.problems.errors.count, 1);
    EXPECT_EQ(index.report.count(Finding::kNoUsableAnnotation), 1);
    EXPECT_EQ(index.report.count(Finding::kNoAnnotation), 0);
    EXPECT_TRUE(UsablePictures(InputConfig(), index, use).empty());
  }
}

TEST(IndexCoco, JoinsFilesWhoseIdsAreTheirOwn) {
  const std::string box = "[2,1,4,3]";
  const std::string first = WriteJson(
      "first.json", Dataset(kPicture, Annotation(1, 1, 3, box, kSquare)));
  const std::string images = absl::StrCat(R"({"images":[)", kPicture, "],");
  const std::string annotations =
      absl::StrCat(R"("annotations":[)", Annotation(1, 1, 3, box, kSquare), ",",
                   Annotation(2, 1, 5, box, kSquare), ",",
                   Annotation(3, 1, 7, box, kSquare), "]}");
  const std::string second = WriteJson(
      "second.json",
      absl::StrCat(
          images,
          R"("categories":[{"id":3,"name":"dog"},{"id":5,"name":"cow"}],)",
          annotations));
  const CocoIndex index = Index({{first, "a"}, {second, "b"}});
  EXPECT_EQ(index.class_names, (Strings{"cat", "dog", "cow"}));
  ASSERT_EQ(index.pictures.size(), 2u);
  EXPECT_EQ(index.pictures[1].path, "b/a.png");
  EXPECT_EQ(Ids(index, 0), Strings{"1"});
  // Category 7 is unknown to the second file.
  EXPECT_EQ(Ids(index, 1), (Strings{"1", "2"}));
  EXPECT_EQ(index.objects[1].label, 2);
  EXPECT_EQ(index.objects[2].label, 3);
  EXPECT_EQ(index.report.count(Finding::kDuplicateImage), 0);

  const std::string other =
      WriteJson("other.json",
                absl::StrCat(images, R"("categories":[{"id":3,"name":"cow"}],)",
                             annotations));
  const auto clash = IndexCoco({{first, "a"}, {other, "b"}});
  ASSERT_FALSE(clash.ok());
  EXPECT_NE(clash.status().message().find(
                "other.json: category 3 is \"cow\", and \"dog\""),
            absl::string_view::npos);
}

TEST(IndexCoco, TakesOutThePicturesOfAnotherFile) {
  const std::string box = "[2,1,4,3]";
  const std::string all =
      WriteJson("all.json",
                Dataset(absl::StrCat(kPicture, R"(,{"id":2,"file_name":"b.png",
                           "height":8,"width":10})"),
                        absl::StrCat(Annotation(1, 1, 3, box, kSquare), ",",
                                     Annotation(2, 2, 3, box, kSquare))));
  const std::string some =
      WriteJson("some.json", Dataset(R"({"id":1},{"id":5})", ""));
  const CocoIndex index = Index({{all, "a", some}});
  ASSERT_EQ(index.pictures.size(), 1u);
  EXPECT_EQ(index.pictures[0].path, "a/b.png");
  EXPECT_EQ(Ids(index, 0), Strings{"2"});
  EXPECT_EQ(index.report.count(Finding::kUnknownImage), 0);
  EXPECT_EQ(index.report.annotations, 1);
  EXPECT_FALSE(IndexCoco({{all, "a", "/nowhere.json"}}).ok());
}

TEST(IndexCoco, MeasuresPicturesWithoutSize) {
  const std::string dir = testing::TempDir();
  const auto bytes = EncodePng(Image(8, 10));
  ASSERT_TRUE(bytes.ok());
  ASSERT_TRUE(WriteFileAtomic(absl::StrCat(dir, "/a.png"), *bytes).ok());
  const CocoIndex index =
      Index({{WriteJson("unsized.json",
                        Dataset(R"({"id":1,"file_name":"a.png"})",
                                Annotation(1, 1, 7, "[2,1,4,3]", kSquare))),
              dir}});
  EXPECT_EQ(index.report.count(Finding::kNoSize), 1);
  EXPECT_EQ(index.pictures[0].height, 8);
  EXPECT_EQ(index.pictures[0].width, 10);
  EXPECT_EQ(index.objects.size(), 1u);
}

TEST(IndexCoco, PolygonsOfAMeasuredPictureCannotBeEvaluated) {
  const std::string dir = testing::TempDir();
  ASSERT_TRUE(
      WriteFileAtomic(absl::StrCat(dir, "/a.png"), *EncodePng(Image(8, 10)))
          .ok());
  const std::string path = WriteJson(
      "measured.json",
      Dataset(R"({"id":1,"file_name":"a.png"})",
              absl::StrCat(Annotation(5, 1, 7, "", kSquare), ",",
                           Annotation(6, 1, 7, "[2,1,4,3]",
                                      R"({"size":[8,10],"counts":[17,3,60]})",
                                      R"(,"area":3)"))));
  CocoNeeds needs = TrainingNeeds();
  needs.evaluated_later = true;
  const auto index = IndexCoco({{path, dir}}, needs);
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(index->objects.size(), 2u);
  const RecordLines& errors = index->report.problems.errors;
  EXPECT_EQ(errors.records, 1);
  EXPECT_THAT(errors.lines.back(),
              testing::HasSubstr("annotation id 5 (annotations[0]): "
                                 "\"segmentation\": polygons need \"height\" "
                                 "and \"width\" of their picture (an "
                                 "evaluation needs it)"));
}

TEST(IndexCoco, Case41APictureThatCannotBeMeasuredIsAnError) {
  const CocoIndex index =
      Index({{WriteJson("away.json",
                        Dataset(R"({"id":1,"file_name":"no.png","width":-1})",
                                Annotation(1, 1, 7, "[2,1,4,3]", kSquare))),
              "dir"}});
  ASSERT_EQ(index.report.problems.errors.count, 1);
  EXPECT_THAT(
      index.report.problems.errors.lines[0],
      testing::HasSubstr("image id 1 (images[0]): no usable \"width\""));
  EXPECT_EQ(index.report.problems.remarks.count, 1);
  EXPECT_EQ(index.report.count(Finding::kNoSize), 0);
  EXPECT_TRUE(index.objects.empty());
}

TEST(IndexCoco, NothingToIndexIsAnError) {
  EXPECT_FALSE(IndexCoco({{"/nowhere.json", "dir"}}).ok());
  EXPECT_THAT(
      Index({{WriteJson("e.json", Dataset("", "")), "dir"}})
          .report.problems.conflicts.lines,
      testing::ElementsAre(testing::HasSubstr("e.json: no \"images\"")));
  const CocoIndex index = Index(
      {{WriteJson("c.json", R"({"images":[{"id":1,"file_name":"a","width":3,
            "height":3}],"categories":[{"id":1,"name":5}],"annotations":[
            {"id":1,"image_id":1,"category_id":1}]})"),
        "dir"}});
  EXPECT_THAT(
      index.report.problems.conflicts.lines,
      testing::ElementsAre(testing::HasSubstr("c.json: no \"categories\"")));
  EXPECT_THAT(index.report.problems.errors.lines,
              testing::ElementsAre(testing::HasSubstr(
                  "category id 1 (categories[0]): \"name\": expected a string, "
                  "found 5")));
}

TEST(UsablePictures, LeavesOutWhatVanishes) {
  InputConfig input;
  input.set_min_size(4);
  input.set_max_size(100);
  // Half the size: boxes of less than a pixel go.
  CocoIndex index =
      IndexOf(absl::StrCat(Annotation(1, 1, 7, "[2.1,1,0.5,3]", kSquare), ",",
                           Annotation(2, 1, 7, "[2,1,4,3]", kSquare)));
  EXPECT_EQ(UsablePictures(input, index), (std::vector<int32_t>{0}));
  EXPECT_EQ(index.report.examples(Finding::kVanishingBox), Strings{"1"});
  EXPECT_EQ(index.report.used_annotations, 1);
  EXPECT_EQ(index.report.used_pictures, 1);

  index = IndexOf(Annotation(1, 1, 7, "[2.1,1,0.5,3]", kSquare));
  EXPECT_TRUE(UsablePictures(input, index).empty());
  EXPECT_EQ(index.report.examples(Finding::kAllVanish), Strings{"1"});
  EXPECT_EQ(index.report.used_pictures, 0);
}

}  // namespace
}  // namespace fcis::data
