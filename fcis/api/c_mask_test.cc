// Masks against pycocotools' answers, and with arguments of all kinds.
#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "fcis/api/testing/random_calls.h"
#include "fcis/core/io/file.h"
#include "fcis/mask.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::api {
namespace {

using Json = rapidjson::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

// Values of fcis/core/rle/testdata.

std::vector<double> Numbers(const Json& list) {
  std::vector<double> numbers;
  for (const Json& number : list.GetArray()) {
    numbers.push_back(number.GetDouble());
  }
  return numbers;
}

MaskSize SizeOf(const Json& in) {
  if (in.HasMember("h")) return {in["h"].GetInt64(), in["w"].GetInt64()};
  return {in["size"][0].GetInt64(), in["size"][1].GetInt64()};
}

Result<Masks> FromString(const Json& rle) {
  const Json& text = rle["counts"];
  return Masks::FromStrings(
      {SizeOf(rle)}, {std::string(text.GetString(), text.GetStringLength())});
}

Masks FromStrings(const Json& list) {
  std::vector<MaskSize> sizes;
  std::vector<std::string> counts;
  for (const Json& rle : list.GetArray()) {
    sizes.push_back(SizeOf(rle));
    counts.emplace_back(rle["counts"].GetString());
  }
  return Masks::FromStrings(sizes, counts).value();
}

std::vector<CocoBox> BoxesOf(const Json& list) {
  std::vector<CocoBox> boxes;
  for (const Json& box : list.GetArray()) {
    const std::vector<double> n = Numbers(box);
    boxes.push_back({n[0], n[1], n[2], n[3]});
  }
  return boxes;
}

// Column by column, as the library has it.
std::vector<uint8_t> Pixels(const Json& rows, MaskSize size) {
  std::vector<uint8_t> pixels;
  for (rapidjson::SizeType x = 0; x < size.width; ++x) {
    for (const Json& row : rows.GetArray()) {
      pixels.push_back(row.GetString()[x] == '1');
    }
  }
  return pixels;
}

std::vector<uint8_t> Crowd(const Json& in) {
  std::vector<uint8_t> crowd;
  for (const double flag : Numbers(in["iscrowd"])) crowd.push_back(flag != 0);
  return crowd;
}

void ExpectSame(const Masks& masks, const Json& out) {
  if (out.HasMember("counts")) {
    EXPECT_EQ(masks.Strings().value()[0], out["counts"].GetString());
  }
  if (out.HasMember("size")) {
    EXPECT_EQ(masks.Sizes().value()[0], SizeOf(out));
  }
  if (out.HasMember("area")) {
    EXPECT_EQ(masks.Areas().value()[0], out["area"].GetUint());
  }
  if (out.HasMember("bbox")) {
    const CocoBox box = masks.Boxes().value()[0];
    EXPECT_THAT(Numbers(out["bbox"]),
                ElementsAre(box.x, box.y, box.width, box.height));
  }
  if (out.HasMember("rows")) {
    const MaskSize size = masks.Sizes().value()[0];
    EXPECT_EQ(masks.Decode().value(), Pixels(out["rows"], size));
  }
}

void ExpectIous(const Result<std::vector<double>>& ious, const Json& rows) {
  const size_t m = rows.Size(), n = m == 0 ? 0 : ious.value().size() / m;
  EXPECT_EQ(ious.value().size(), m * n);
  for (size_t d = 0; d < m; ++d) {
    const std::vector<double> row =
        Numbers(rows[static_cast<rapidjson::SizeType>(d)]);
    ASSERT_EQ(row.size(), n);
    for (size_t g = 0; g < n; ++g) {
      const double iou = (*ious)[g * m + d];
      EXPECT_TRUE(iou == row[g] || (std::isnan(iou) && std::isnan(row[g])))
          << iou << ", expected " << row[g];
    }
  }
}

void ExpectPolygons(const Json& in, const Json& out) {
  std::vector<CocoPolygons> each;
  CocoPolygons all;
  for (const Json& polygon : in["polys"].GetArray()) {
    all.push_back(Numbers(polygon));
    each.push_back({all.back()});
  }
  const Masks masks =
      Masks::FromPolygons(std::vector<MaskSize>(each.size(), SizeOf(in)), each)
          .value();
  const std::vector<std::string> strings = masks.Strings().value();
  for (size_t i = 0; i < each.size(); ++i) {
    EXPECT_EQ(strings[i],
              out["rles"][static_cast<rapidjson::SizeType>(i)].GetString());
  }
  const Masks merged = Masks::FromPolygons({SizeOf(in)}, {all}).value();
  EXPECT_EQ(merged.Strings().value()[0], out["merged"].GetString());
  ExpectSame(merged, out);
}

// False: not a question for this library.
bool Answer(const std::string& op, const Json& in, const Json& out) {
  if (out.HasMember("error")) {
    if (op != "decode" && op != "toRuns" && op != "area") return false;
    if (in["size"].Size() != 2 || !in["size"][0].IsInt64() ||
        !in["size"][1].IsInt64()) {
      return false;
    }
    const Result<Masks> masks = FromString(in);
    EXPECT_FALSE(masks.ok());
    if (masks.ok()) return true;
    EXPECT_EQ(masks.error().kind, FCIS_INVALID_ARGUMENT);
    EXPECT_THAT(masks.error().message, HasSubstr("mask 0: "));
  } else if (op == "encode") {
    const MaskSize size = SizeOf(in);
    const std::vector<uint8_t> pixels = Pixels(in["rows"], size);
    ExpectSame(Masks::Encode(pixels.data(), size).value(), out);
  } else if (op == "fromRuns") {
    std::vector<uint32_t> runs;
    for (const Json& run : in["runs"].GetArray()) runs.push_back(run.GetUint());
    ExpectSame(Masks::FromCounts({SizeOf(in)}, {runs}).value(), out);
  } else if (op == "frPoly") {
    ExpectPolygons(in, out);
  } else if (op == "frBbox") {
    const auto strings = Masks::FromBoxes(BoxesOf(in["boxes"]), SizeOf(in))
                             .value()
                             .Strings()
                             .value();
    for (size_t i = 0; i < strings.size(); ++i) {
      EXPECT_EQ(strings[i],
                out["rles"][static_cast<rapidjson::SizeType>(i)].GetString());
    }
  } else if (op == "merge") {
    const Masks masks = FromStrings(in["rles"]);
    const Result<Masks> merged =
        in["intersect"].GetInt() != 0 ? masks.Intersection() : masks.Union();
    ExpectSame(merged.value(), out);
  } else if (op == "iou") {
    ExpectIous(
        MasksIou(FromStrings(in["dt"]), FromStrings(in["gt"]), Crowd(in)),
        out["iou"]);
  } else if (op == "bbIou") {
    ExpectIous(BoxesIou(BoxesOf(in["dt"]), BoxesOf(in["gt"]), Crowd(in)),
               out["iou"]);
  } else {
    ExpectSame(FromString(in).value(), out);
  }
  return true;
}

TEST(MasksTest, EqualsPycocotools) {
  int answered = 0;
  for (const std::string name : {"recorded", "vectors"}) {
    const auto text = ReadFile("fcis/core/rle/testdata/" + name + ".jsonl");
    ASSERT_TRUE(text.ok()) << text.status();
    for (const absl::string_view line :
         absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
      rapidjson::Document test;
      test.Parse<rapidjson::kParseFullPrecisionFlag |
                 rapidjson::kParseNanAndInfFlag>(line.data(), line.size());
      ASSERT_FALSE(test.HasParseError());
      SCOPED_TRACE(std::string(line.substr(0, 1000)));
      answered += Answer(test["op"].GetString(), test["in"], test["out"]);
    }
  }
  EXPECT_GT(answered, 900);
}

TEST(MasksTest, ListsAndWhatIsInThem) {
  const uint8_t pixels[] = {0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1};
  const Masks masks = Masks::Encode(pixels, {2, 3}, 2).value();
  EXPECT_EQ(masks.size(), 2u);
  EXPECT_THAT(masks.Areas().value(), ElementsAre(4, 1));
  EXPECT_EQ(masks.Decode().value(),
            std::vector<uint8_t>(std::begin(pixels), std::end(pixels)));
  const Masks picked = masks.Select({1, 0, 1}).value();
  EXPECT_THAT(picked.Areas().value(), ElementsAre(1, 4, 1));
  EXPECT_THAT(picked.Intersection().value().Areas().value(), ElementsAre(1));
  EXPECT_THAT(MasksIou(masks, picked).value(),
              ElementsAre(.25, 1, 1, .25, .25, 1));
  EXPECT_THAT(MasksIou(masks, picked, {0, 1, 0}).value(),
              ElementsAre(.25, 1, 1, 1, .25, 1));
}

TEST(MasksTest, NoneIsAllRight) {
  const Masks none = Masks::FromStrings({}, {}).value();
  EXPECT_TRUE(none.empty());
  EXPECT_TRUE(none.Decode().value().empty());
  EXPECT_TRUE(none.Strings().value().empty());
  EXPECT_TRUE(none.Boxes().value().empty());
  EXPECT_TRUE(MasksIou(none, none).value().empty());
  EXPECT_EQ(none.Union().value().Sizes().value()[0], MaskSize());
  EXPECT_EQ(Masks::FromPolygons({{4, 5}}, {{}}).value().Sizes().value()[0],
            MaskSize());
}

TEST(MasksTest, BadArgumentsAreNamed) {
  const auto error = [](const auto& result) { return result.error().message; };
  EXPECT_THAT(error(Masks::FromStrings({{2, 2}}, {})), HasSubstr("counts"));
  EXPECT_THAT(error(Masks::FromStrings({{2, 2}, {-1, 2}}, {"04", "04"})),
              HasSubstr("mask 1: "));
  EXPECT_THAT(error(Masks::FromCounts({{2, 2}}, {{1, 4}})),
              HasSubstr("mask 0: "));
  EXPECT_THAT(error(Masks::FromCounts({{1 << 20, 1 << 20}}, {{1}})),
              HasSubstr("mask 0: "));
  EXPECT_THAT(error(Masks::FromPolygons({{9, 9}}, {{{1, 2, kNan, 4, 5, 6}}})),
              HasSubstr("mask 0: "));
  EXPECT_FALSE(Masks::FromBoxes({{0, 0, kNan, 1}}, {5, 5}).ok());
  EXPECT_THAT(error(Masks::Encode(nullptr, {2, 2})), HasSubstr("pixels"));
  EXPECT_FALSE(Masks::Encode(nullptr, {-1, 2}).ok());
  EXPECT_THAT(error(Masks().Areas()), HasSubstr("masks is NULL"));
  const Masks two = Masks::FromStrings({{2, 2}, {2, 3}}, {"04", "06"}).value();
  EXPECT_THAT(error(two.Decode()), HasSubstr("mask 1: 2 x 3 pixels"));
  EXPECT_THAT(error(two.Select({2})), HasSubstr("number 2"));
  EXPECT_THAT(error(MasksIou(two, two, {1})), HasSubstr("crowd"));
}

// Calls every function with arguments drawn from all that is wrong with them,
// and some that are right.
class RandomCalls {
 public:
  RandomCalls() {
    handles_ = {nullptr};
    const int64_t sizes[] = {5, 7, 5, 7, 3, 3}, ends[] = {2, 4, 6};
    const uint32_t counts[] = {3, 4, 0, 35, 1, 1};
    for (const int64_t n : {0, 1, 2, 3}) {
      fcis_masks* masks = nullptr;
      EXPECT_EQ(
          fcis_masks_from_counts(n, sizes, counts, ends, &masks, nullptr, 0),
          FCIS_OK);
      handles_.push_back(masks);
    }
  }
  ~RandomCalls() {
    for (fcis_masks* masks : handles_) fcis_masks_free(masks);
  }

  void Before() {
    if (calls_++ % 16 == 0) FillArrays();
    error_at_ = Pick<char*>({nullptr, error_});
    error_size_ = Pick<size_t>({0, 1, sizeof(error_)});
    made_ = nullptr;
    to_ = nullptr;
  }
  void After(int status) {
    if (error_at_ != nullptr && error_size_ > 1) {
      EXPECT_EQ(status == FCIS_OK, error_[0] == '\0');
    }
    EXPECT_EQ(made_ != nullptr, status == FCIS_OK && to_ != nullptr);
    fcis_masks_free(made_);
  }

  std::vector<Door> Doors() {
    std::vector<Door> doors = Makers();
    for (Door& door : Readers()) doors.push_back(std::move(door));
    return doors;
  }

 private:
  static constexpr size_t kRoom = 256;

  template <typename T>
  T Pick(std::vector<T> values) {
    return values[random_() % values.size()];
  }
  template <typename T>
  T* Maybe(T* values) {
    return Pick<T*>({nullptr, values, values, values, values});
  }
  void FillArrays() {
    for (int64_t& size : sizes_) size = Side();
    for (double& x : numbers_) x = Pick<double>({0, 1.5, -3, 7, 1e9, kNan});
    for (uint32_t& count : counts_) count = Pick<uint32_t>({0, 1, 5, UINT_MAX});
    for (uint8_t& pixel : bytes_) pixel = Pick<uint8_t>({0, 0, 1, 1, 2});
    for (char& c : text_) c = Pick<char>({'0', '1', '4', 'o', 'P', '~', '\0'});
    FillEnds(ends_);
    FillEnds(part_ends_);
  }
  int64_t Side() {
    return Pick<int64_t>({0, 1, 3, 5, 5, 7, 7, -1, kMost, kLeast});
  }
  int64_t Count() {
    return Pick<int64_t>({0, 1, 1, 2, 3, -1, int64_t{1} << 31, kMost, kLeast});
  }
  // Mostly ends that ascend; none beyond the room.
  template <size_t n>
  void FillEnds(int64_t (&ends)[n]) {
    int64_t end = 0;
    for (int64_t& e : ends) {
      end = std::min<int64_t>(end + Pick<int64_t>({0, 1, 2, 6}), n - 1);
      e = random_() % 50 == 0 ? -1 : end;
    }
  }

  const fcis_masks* Masks() { return Pick(handles_); }
  fcis_masks** To() {
    return to_ = Pick<fcis_masks**>({nullptr, &made_, &made_, &made_});
  }

  std::vector<Door> Makers() {
    return {
        {"fcis_masks_encode",
         [this] {
           return fcis_masks_encode(Maybe(bytes_), Side(), Side(), Count(),
                                    To(), error_at_, error_size_);
         }},
        {"fcis_masks_from_strings",
         [this] {
           return fcis_masks_from_strings(Count(), Maybe(sizes_), Maybe(text_),
                                          Maybe(ends_), To(), error_at_,
                                          error_size_);
         }},
        {"fcis_masks_from_texts",
         [this] {
           const char* const texts[] = {Maybe(text_), text_ + 3, text_ + 9};
           return fcis_masks_from_texts(
               Count(), Maybe(sizes_), Maybe<const char* const>(texts),
               Maybe(ends_), To(), error_at_, error_size_);
         }},
        {"fcis_masks_from_counts",
         [this] {
           return fcis_masks_from_counts(Count(), Maybe(sizes_), Maybe(counts_),
                                         Maybe(ends_), To(), error_at_,
                                         error_size_);
         }},
        {"fcis_masks_from_polygons",
         [this] {
           return fcis_masks_from_polygons(
               Count(), Maybe(sizes_), Maybe(part_ends_), Maybe(ends_),
               Maybe(numbers_), To(), error_at_, error_size_);
         }},
        {"fcis_masks_from_boxes",
         [this] {
           return fcis_masks_from_boxes(Count(), Maybe(numbers_), Side(),
                                        Side(), To(), error_at_, error_size_);
         }},
        {"fcis_masks_select",
         [this] {
           return fcis_masks_select(Masks(), Count(), Maybe(sizes_), To(),
                                    error_at_, error_size_);
         }},
        {"fcis_masks_merge",
         [this] {
           return fcis_masks_merge(Masks(), Pick<int>({0, 1, -1}), To(),
                                   error_at_, error_size_);
         }},
    };
  }

  std::vector<Door> Readers() {
    return {
        {"fcis_masks_sizes",
         [this] {
           return fcis_masks_sizes(Masks(), Maybe(integers_), error_at_,
                                   error_size_);
         }},
        {"fcis_masks_strings",
         [this] {
           return fcis_masks_strings(Masks(), Maybe(integers_), Maybe(room_),
                                     Pick<size_t>({0, 1, kRoom}),
                                     Pick<size_t*>({nullptr, &needed_}),
                                     error_at_, error_size_);
         }},
        {"fcis_masks_decode",
         [this] {
           return fcis_masks_decode(
               Masks(), Maybe(pixels_),
               Pick<int64_t>({0, 35, 70, 79, 1, kRoom, -1, kLeast, kMost}),
               error_at_, error_size_);
         }},
        {"fcis_masks_areas",
         [this] {
           return fcis_masks_areas(Masks(), Maybe(areas_), error_at_,
                                   error_size_);
         }},
        {"fcis_masks_boxes",
         [this] {
           return fcis_masks_boxes(Masks(), Maybe(doubles_), error_at_,
                                   error_size_);
         }},
        {"fcis_masks_iou",
         [this] {
           return fcis_masks_iou(Masks(), Masks(), Maybe(bytes_),
                                 Maybe(doubles_), error_at_, error_size_);
         }},
        {"fcis_boxes_iou",
         [this] {
           return fcis_boxes_iou(Count() % 4, Maybe(numbers_), Count() % 4,
                                 Maybe(numbers_), Maybe(bytes_),
                                 Maybe(doubles_), error_at_, error_size_);
         }},
    };
  }

  std::mt19937 random_{23};
  int calls_ = 0;
  std::vector<fcis_masks*> handles_;
  char* error_at_ = nullptr;
  size_t error_size_ = 0;
  fcis_masks* made_ = nullptr;
  fcis_masks** to_ = nullptr;  // where a function that makes masks puts them
  int64_t sizes_[kRoom], ends_[32], part_ends_[16];
  double numbers_[kRoom];
  uint32_t counts_[kRoom];
  uint8_t bytes_[kRoom];
  char text_[kRoom];
  // Written to.
  int64_t integers_[kRoom];
  double doubles_[kRoom];
  uint32_t areas_[kRoom];
  uint8_t pixels_[kRoom];
  char room_[kRoom], error_[100] = "";
  size_t needed_ = 0;
};

TEST(MasksTest, AnyArgumentsGiveAStatus) {
  RandomCalls calls;
  const std::vector<int> seen = StatusesOf(&calls);
  EXPECT_GT(seen[FCIS_OK], 1000);
  EXPECT_GT(seen[FCIS_INVALID_ARGUMENT], 1000);
  EXPECT_GT(seen[FCIS_BUFFER_TOO_SMALL], 10);
  EXPECT_EQ(seen[FCIS_INTERNAL], 0);
}

// Pixels, text and messages that do not fit.
TEST(MasksTest, SmallBuffersAreErrors) {
  const Masks masks = Masks::FromStrings({{2, 2}}, {"04"}).value();
  char text[2] = {'x', 'x'};
  int64_t end = 0;
  size_t needed = 0;
  char error[8];
  EXPECT_EQ(fcis_masks_strings(masks.handle(), &end, text, 1, &needed, error,
                               sizeof(error)),
            FCIS_BUFFER_TOO_SMALL);
  EXPECT_EQ(needed, 2u);
  EXPECT_EQ(text[0], 'x');
  EXPECT_EQ(std::string(error), "the buf");
  uint8_t pixels[4] = {9, 9, 9, 9};
  EXPECT_EQ(fcis_masks_decode(masks.handle(), pixels, 3, nullptr, 0),
            FCIS_INVALID_ARGUMENT);
  EXPECT_EQ(pixels[0], 9);
  EXPECT_EQ(fcis_masks_decode(masks.handle(), pixels, 4, nullptr, 0), FCIS_OK);
  EXPECT_THAT(pixels, ElementsAre(1, 1, 1, 1));
}

}  // namespace
}  // namespace fcis::api
