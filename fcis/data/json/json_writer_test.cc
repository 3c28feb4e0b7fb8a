#include "fcis/data/json/json_writer.h"

#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fcis::data {
namespace {

TEST(JsonWriterTest, EveryKindOfValue) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::string text = JsonOf([&](auto& json) {
    PutObject(json, [&] {
      PutMember("text", std::string("a\"\0b", 4), json);
      PutMember("yes", true, json);
      PutMember("count", size_t{3}, json);
      PutMember("below", -1, json);
      PutArray("reals", std::vector<double>{.1, 2, infinity, -infinity, NAN},
               json);
      PutList("two", json, [&] {
        PutJson(1, json);
        PutList(json, [] {});
      });
      PutObject("inner", json, [&] {
        PutArray("objects", std::vector<int>{1, 2}, json, [&](int i) {
          PutObject(json, [&] { PutMember("i", i, json); });
        });
      });
    });
  });
  EXPECT_EQ(text,
            "{\"text\":\"a\\\"\\u0000b\",\"yes\":true,\"count\":3,"
            "\"below\":-1,\"reals\":[0.1,2.0,1e999,-1e999,null],"
            "\"two\":[1,[]],"
            "\"inner\":{\"objects\":[{\"i\":1},{\"i\":2}]}}");
}

TEST(JsonWriterTest, PrettyTextHasALineForEachMember) {
  EXPECT_EQ(PrettyJsonOf([](auto& json) {
              PutObject(json, [&] { PutMember("a", 1, json); });
            }),
            "{\n    \"a\": 1\n}");
}

}  // namespace
}  // namespace fcis::data
