#include "fcis/core/testing/json_mutator.h"

#include <cstring>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis {
namespace {

constexpr char kText[] =
    R"({"a": [1, {"b": "x, \"y\"]"}, -2.5e3], "c": {}, "d": null, "e": []})";

bool IsJson(const std::string& text) {
  rapidjson::Document json;
  // What RapidJSON refuses beyond the grammar: numbers that are no doubles.
  return !json.Parse<rapidjson::kParseNumbersAsStringsFlag>(text.c_str())
              .HasParseError();
}

TEST(MutateJsonTest, IsJsonAndAnother) {
  std::set<std::string> all;
  constexpr int kRuns = 2000;
  int same = 0;
  for (int seed = 0; seed < kRuns; ++seed) {
    const std::string text = MutateJson(kText, seed);
    // A value beside a member's is the one thing that is none.
    if (!IsJson(text)) continue;
    same += text == kText ? 1 : 0;
    all.insert(text);
  }
  EXPECT_GT(all.size(), 200u);
  EXPECT_LT(same, kRuns / 10);
}

TEST(MutateJsonTest, OfNothingAndOfGarbage) {
  EXPECT_TRUE(IsJson(MutateJson("", 1)));
  for (int seed = 0; seed < 500; ++seed) {
    for (const char* garbage :
         {"]]}", "[[[", "\"abc", "{\"a\":", ",,,", "\\"}) {
      MutateJson(garbage, seed);
    }
    MutateJson(absl::string_view("[\0,1\0]\0", 7), seed);
  }
}

TEST(MutateSafetensorsTest, KeepsTheDataAndTheLength) {
  const std::string header = R"({"a":{"shape":[1]}})";
  const uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  file += header + "data";
  const std::string changed = MutateSafetensors(file, 7);
  uint64_t claimed = 0;
  std::memcpy(&claimed, changed.data(), sizeof(claimed));
  EXPECT_EQ(claimed + sizeof(claimed) + 4, changed.size());
  EXPECT_EQ(changed.substr(changed.size() - 4), "data");
  EXPECT_NE(changed, file);
  EXPECT_EQ(MutateSafetensors("short", 7), "short");
}

// Of one side, and of the type that it had.
bool IsSmallTensor(const rapidjson::Document& json, const char* name) {
  if (!json.IsObject() || !json.HasMember(name) || !json[name].IsObject()) {
    return false;
  }
  const rapidjson::Value& tensor = json[name];
  return tensor.HasMember("dtype") && tensor["dtype"] == "U8" &&
         tensor.HasMember("shape") && tensor["shape"].IsArray() &&
         tensor["shape"].Size() == 1 && tensor["shape"][0].IsUint() &&
         tensor["shape"][0].GetUint() < 10000;
}

TEST(MutateSafetensorsTest, LaysTheTensorsOutAnew) {
  const std::string header =
      R"({"__metadata__":{"k":"v"},)"
      R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
      R"("b":{"dtype":"U8","shape":[4],"data_offsets":[24,28]}})";
  const uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  file += header + std::string(28, 'd');
  int others = 0;
  for (uint32_t seed = 0; seed < 400; seed += 2) {
    const std::string changed = MutateSafetensors(file, seed);
    uint64_t claimed = 0;
    std::memcpy(&claimed, changed.data(), sizeof(claimed));
    rapidjson::Document json;
    json.Parse(changed.data() + sizeof(claimed), claimed);
    if (json.HasParseError() || !IsSmallTensor(json, "b")) continue;
    const int64_t end = json["b"]["data_offsets"][1].GetInt64();
    EXPECT_EQ(changed.size(), sizeof(claimed) + claimed + end);
    others += end == 28 ? 0 : 1;
  }
  EXPECT_GT(others, 3);
}

TEST(MutateStructureTest, KeepsToTheRoom) {
  const auto bytes = [](uint8_t*, size_t, size_t) { return size_t{0}; };
  uint8_t data[8] = "[1,2,3]";
  for (uint32_t seed = 0; seed < 300; ++seed) {
    uint8_t copy[8];
    std::memcpy(copy, data, sizeof(copy));
    EXPECT_LE(MutateStructure(copy, 7, sizeof(copy), seed, MutateJson, bytes),
              sizeof(copy));
  }
}

}  // namespace
}  // namespace fcis
