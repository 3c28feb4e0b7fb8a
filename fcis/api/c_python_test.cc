// Through a Python of a few lines: objects with a count of references and a
// type, and the functions that the library calls.
#include <climits>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fcis/fcis.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::api {
namespace {

using ::testing::ElementsAre;

int list_type, float_type, int_type, dict_type, bytes_type, str_type, key_type;
int64_t live = 0;          // objects
bool failed = false;       // an error is set
int64_t budget = INT_MAX;  // objects that may be made yet

struct Object {
  int64_t references = 1;
  const void* type;  // where Python has it
  double number = 0;
  std::string text;
  std::vector<Object*> items;
  std::map<const Object*, Object*> members;

  explicit Object(const void* type) : type(type) { ++live; }
  ~Object() { --live; }
};

void IncRef(void* object) { ++static_cast<Object*>(object)->references; }

void DecRef(void* object) {
  auto* const o = static_cast<Object*>(object);
  if (--o->references > 0) return;
  for (Object* item : o->items) {
    if (item != nullptr) DecRef(item);
  }
  for (const auto& member : o->members) DecRef(member.second);
  delete o;
}

void* New(const void* type, double number = 0) {
  if (budget-- <= 0) {
    failed = true;
    return nullptr;
  }
  auto* const made = new Object(type);
  made->number = number;
  return made;
}

double Number(void* object) {
  auto* const o = static_cast<Object*>(object);
  if (o->type == &float_type || o->type == &int_type) return o->number;
  failed = true;
  return -1;
}

fcis_python MakePython() {
  fcis_python py = {};
  py.struct_size = sizeof(py);
  py.list_get_item = [](void* list, intptr_t i) -> void* {
    auto* const o = static_cast<Object*>(list);
    if (i < 0 || i >= static_cast<intptr_t>(o->items.size())) {
      failed = true;
      return nullptr;
    }
    return o->items[static_cast<size_t>(i)];
  };
  py.list_size = [](void* list) {
    return static_cast<intptr_t>(static_cast<Object*>(list)->items.size());
  };
  py.list_new = [](intptr_t n) {
    void* const made = New(&list_type);
    if (made != nullptr) {
      static_cast<Object*>(made)->items.resize(static_cast<size_t>(n));
    }
    return made;
  };
  py.list_set_item = [](void* list, intptr_t i, void* item) {
    Object*& place = static_cast<Object*>(list)->items[static_cast<size_t>(i)];
    if (place != nullptr) DecRef(place);
    place = static_cast<Object*>(item);
    return 0;
  };
  py.dict_get_item = [](void* dict, void* key) -> void* {
    auto* const o = static_cast<Object*>(dict);
    if (o->type != &dict_type) {
      failed = true;
      return nullptr;
    }
    const auto found = o->members.find(static_cast<Object*>(key));
    return found == o->members.end() ? nullptr : found->second;
  };
  py.dict_set_item = [](void* dict, void* key, void* value) {
    IncRef(value);
    Object*& member =
        static_cast<Object*>(dict)->members[static_cast<Object*>(key)];
    if (member != nullptr) DecRef(member);
    member = static_cast<Object*>(value);
    return 0;
  };
  py.float_as_double = Number;
  py.float_from_double = [](double value) { return New(&float_type, value); };
  py.long_as_long_long = [](void* object) {
    if (static_cast<Object*>(object)->type != &int_type) {
      failed = true;
      return -1LL;
    }
    return static_cast<long long>(Number(object));
  };
  py.long_from_long_long = [](long long value) {
    return New(&int_type, static_cast<double>(value));
  };
  py.err_occurred = []() -> void* { return failed ? &live : nullptr; };
  py.inc_ref = IncRef;
  py.dec_ref = DecRef;
  py.bytes_as_string_and_size = [](void* bytes, char** text, intptr_t* size) {
    std::string& all = static_cast<Object*>(bytes)->text;
    *text = &all[0];
    *size = static_cast<intptr_t>(all.size());
    return 0;
  };
  py.unicode_as_utf8_and_size = [](void* str, intptr_t* size) {
    const std::string& all = static_cast<Object*>(str)->text;
    *size = static_cast<intptr_t>(all.size());
    failed = all == "lone surrogate";
    return failed ? nullptr : all.data();
  };
  py.float_type = &float_type;
  py.int_type = &int_type;
  py.list_type = &list_type;
  py.dict_type = &dict_type;
  py.bytes_type = &bytes_type;
  py.str_type = &str_type;
  return py;
}

class PythonTest : public ::testing::Test {
 protected:
  void SetUp() override {
    live = 0;
    failed = false;
    budget = INT_MAX;
    py_ = MakePython();
    for (void** key : {&py_.image_id, &py_.category_id, &py_.id, &py_.area,
                       &py_.score, &py_.bbox, &py_.segmentation, &py_.iscrowd,
                       &py_.counts, &py_.size, &py_.zero}) {
      keys_.push_back(std::make_unique<Object>(&key_type));
      *key = keys_.back().get();
    }
    list_ = static_cast<Object*>(py_.list_new(0));
    held_ = static_cast<Object*>(py_.list_new(4));
  }
  // All references have gone with the list.
  void TearDown() override {
    DecRef(list_);
    DecRef(held_);
    EXPECT_EQ(live, static_cast<int64_t>(keys_.size()));
    for (const auto& key : keys_) EXPECT_EQ(key->references, 1);
  }

  Object* Add() {
    list_->items.push_back(new Object(&dict_type));
    return list_->items.back();
  }
  static void Set(Object* record, void* key, void* value) {
    Object*& member = record->members[static_cast<Object*>(key)];
    if (member != nullptr) DecRef(member);
    member = static_cast<Object*>(value);
  }
  static void* Int(double value) { return New(&int_type, value); }
  static void* Float(double value) { return New(&float_type, value); }
  static void* Box(const std::vector<double>& values) {
    auto* const box = static_cast<Object*>(New(&list_type));
    for (const double value : values) {
      box->items.push_back(static_cast<Object*>(Float(value)));
    }
    return box;
  }
  Object* AddUsual(double id) {
    Object* const record = Add();
    Set(record, py_.image_id, Int(7));
    Set(record, py_.category_id, Int(-1));
    Set(record, py_.id, Int(id));
    Set(record, py_.area, Float(2.5));
    Set(record, py_.score, Float(.5));
    Set(record, py_.bbox, Box({1, 2, 3, 4}));
    return record;
  }
  static void* Text(const void* type, const std::string& text) {
    auto* const made = static_cast<Object*>(New(type));
    made->text = text;
    return made;
  }
  static void* Pair(double a, double b) {
    auto* const pair = static_cast<Object*>(New(&list_type));
    for (const double value : {a, b}) {
      pair->items.push_back(static_cast<Object*>(Int(value)));
    }
    return pair;
  }
  Object* AddRle(void* counts) {
    Object* const rle = Add();
    Set(rle, py_.size, Pair(5, 7));
    Set(rle, py_.counts, counts);
    return rle;
  }
  int Counts(int64_t n) {
    return fcis_python_counts(&py_, list_, n, held_, sizes_, texts_, lengths_,
                              error_, sizeof(error_));
  }
  int Columns(int64_t n, bool plain = false) {
    return fcis_python_columns(&py_, list_, n, plain, images_, categories_,
                               ids_, areas_, scores_, boxes_, error_,
                               sizeof(error_));
  }
  int Complete(int64_t n) {
    return fcis_python_complete(&py_, list_, n, error_, sizeof(error_));
  }

  fcis_python py_;
  std::vector<std::unique_ptr<Object>> keys_;
  Object *list_ = nullptr, *held_ = nullptr;
  int64_t sizes_[8] = {}, lengths_[4] = {};
  const char* texts_[4] = {};
  int64_t images_[4] = {}, categories_[4] = {};
  double ids_[4] = {}, areas_[4] = {}, scores_[4] = {}, boxes_[16] = {};
  char error_[100] = "";
};

TEST_F(PythonTest, ReadsColumns) {
  AddUsual(3);
  AddUsual(4);
  ASSERT_EQ(Columns(2), FCIS_OK) << error_;
  EXPECT_THAT(images_, ElementsAre(7, 7, 0, 0));
  EXPECT_THAT(categories_, ElementsAre(-1, -1, 0, 0));
  EXPECT_THAT(ids_, ElementsAre(3, 4, 0, 0));
  EXPECT_EQ(areas_[1], 2.5);
  EXPECT_EQ(scores_[1], .5);
  EXPECT_THAT(std::vector<double>(boxes_ + 4, boxes_ + 8),
              ElementsAre(1, 2, 3, 4));
}

TEST_F(PythonTest, ColumnsThatAreNotWanted) {
  Set(Add(), py_.image_id, Int(1));
  EXPECT_EQ(fcis_python_columns(&py_, list_, 1, 0, images_, nullptr, nullptr,
                                nullptr, nullptr, nullptr, nullptr, 0),
            FCIS_OK);
  EXPECT_EQ(images_[0], 1);
  EXPECT_EQ(fcis_python_columns(&py_, list_, 1, 0, nullptr, nullptr, nullptr,
                                nullptr, nullptr, nullptr, nullptr, 0),
            FCIS_OK);
  EXPECT_EQ(Columns(0), FCIS_OK);
  EXPECT_EQ(Columns(-1), FCIS_OK);
}

TEST_F(PythonTest, UnusualRecordsAreRefused) {
  const auto refused = [&](void* key, void* value) {
    Set(AddUsual(1), key, value);
    const auto n = static_cast<int64_t>(list_->items.size());
    EXPECT_EQ(Columns(n), FCIS_INVALID_ARGUMENT);
    EXPECT_EQ(std::string(error_),
              "record " + std::to_string(n - 1) + " is unusual");
    DecRef(list_->items.back());
    list_->items.pop_back();
    failed = false;
  };
  AddUsual(1);
  refused(py_.image_id, Float(1));
  refused(py_.category_id, New(&dict_type));
  refused(py_.id, New(&list_type));
  refused(py_.score, New(&dict_type));
  refused(py_.bbox, Box({1, 2, 3}));
  refused(py_.bbox, Float(1));
  EXPECT_EQ(Columns(2), FCIS_INVALID_ARGUMENT);            // there is one
  list_->items.push_back(static_cast<Object*>(Float(1)));  // no dict
  EXPECT_EQ(Columns(2), FCIS_INVALID_ARGUMENT);
}

TEST_F(PythonTest, PlainBoxes) {
  const auto usual = [&](void* value) {
    Object* const record = AddUsual(1);
    auto* const box = static_cast<Object*>(Box({1, 2, 3}));
    box->items.push_back(static_cast<Object*>(value));
    Set(record, py_.bbox, box);
    const int any = Columns(1), plain = Columns(1, true);
    DecRef(list_->items.back());
    list_->items.pop_back();
    EXPECT_EQ(any, FCIS_OK);
    return plain == FCIS_OK;
  };
  EXPECT_TRUE(usual(Float(1e300)));
  EXPECT_TRUE(usual(Int(-(1 << 26))));
  EXPECT_FALSE(usual(Int((1 << 26) + 1)));
}

TEST_F(PythonTest, ReadsCounts) {
  void* const bytes = Text(&bytes_type, "04");
  AddRle(bytes);
  AddRle(Text(&str_type, "151P"));
  ASSERT_EQ(Counts(2), FCIS_OK) << error_;
  EXPECT_EQ(std::string(texts_[0], static_cast<size_t>(lengths_[0])), "04");
  EXPECT_EQ(std::string(texts_[1], static_cast<size_t>(lengths_[1])), "151P");
  EXPECT_THAT(sizes_, ElementsAre(5, 7, 5, 7, 0, 0, 0, 0));
  EXPECT_EQ(held_->items[0], bytes);
  EXPECT_EQ(Counts(2), FCIS_OK);  // what was held before is let go
}

TEST_F(PythonTest, UnusualRlesAreRefused) {
  // The last record of the list.
  const auto refused = [&] {
    AddRle(Text(&bytes_type, "04"));
    std::swap(list_->items.front(), list_->items.back());
    EXPECT_EQ(Counts(2), FCIS_INVALID_ARGUMENT);
    EXPECT_EQ(std::string(error_), "record 1 is unusual");
    for (int i = 0; i < 2; ++i) {
      DecRef(list_->items.back());
      list_->items.pop_back();
    }
    failed = false;
  };
  Add();  // neither size nor counts
  refused();
  AddRle(New(&list_type));
  refused();
  AddRle(Text(&str_type, "lone surrogate"));
  refused();
  Set(AddRle(Text(&bytes_type, "04")), py_.size, Pair(-1, 3));
  refused();
  Set(AddRle(Text(&bytes_type, "04")), py_.size, Box({2, 2}));
  refused();
  list_->items.push_back(static_cast<Object*>(Float(1)));  // no dict
  refused();
}

TEST_F(PythonTest, CompletesResults) {
  Object* const record = Add();
  Set(record, py_.bbox, Box({1, 2, 3, 4}));
  Object* const drawn = Add();
  Set(drawn, py_.bbox, Box({0, 0, 1, .5}));
  void* const mask = Float(0);
  Set(drawn, py_.segmentation, mask);
  ASSERT_EQ(Complete(2), FCIS_OK) << error_;
  const auto get = [&](Object* of, void* key) {
    return of->members[static_cast<Object*>(key)];
  };
  EXPECT_EQ(get(record, py_.area)->number, 12);
  EXPECT_EQ(get(drawn, py_.area)->number, .5);
  EXPECT_EQ(get(drawn, py_.id)->number, 2);
  EXPECT_EQ(get(drawn, py_.segmentation), mask);
  EXPECT_EQ(get(record, py_.iscrowd), py_.zero);
  const Object* const polygons = get(record, py_.segmentation);
  ASSERT_EQ(polygons->items.size(), 1u);
  std::vector<double> numbers;
  for (const Object* number : polygons->items[0]->items) {
    numbers.push_back(number->number);
  }
  EXPECT_THAT(numbers, ElementsAre(1, 2, 1, 6, 4, 6, 4, 2));
}

// However much there is memory for, no reference is lost (TearDown).
TEST_F(PythonTest, EndsWhereThereIsNoMemory) {
  Set(Add(), py_.bbox, Box({1, 2, 3, 4}));
  constexpr int kObjects = 6;  // two numbers, two lists, area, id
  for (budget = 0; budget <= kObjects; ++budget) {
    const int64_t given = budget;
    EXPECT_EQ(Complete(1), given < kObjects ? FCIS_INVALID_ARGUMENT : FCIS_OK)
        << given;
    budget = given;
    failed = false;
    for (void* key : {py_.segmentation, py_.area, py_.id, py_.iscrowd}) {
      const auto found =
          list_->items[0]->members.find(static_cast<Object*>(key));
      if (found == list_->items[0]->members.end()) continue;
      DecRef(found->second);
      list_->items[0]->members.erase(found);
    }
  }
}

TEST_F(PythonTest, BoxesMustBeListsOfFloats) {
  Object* const record = Add();
  EXPECT_EQ(Complete(1), FCIS_INVALID_ARGUMENT);
  Set(record, py_.bbox, Float(1));
  EXPECT_EQ(Complete(1), FCIS_INVALID_ARGUMENT);
  Set(record, py_.bbox, Box({1, 2, 3}));
  EXPECT_EQ(Complete(1), FCIS_INVALID_ARGUMENT);
  Set(record, py_.bbox, Box({1, 2, 3, 4}));
  auto* const box = record->members[static_cast<Object*>(py_.bbox)];
  DecRef(box->items[3]);
  box->items[3] = static_cast<Object*>(Int(4));
  EXPECT_EQ(Complete(1), FCIS_INVALID_ARGUMENT);
}

TEST_F(PythonTest, BadArgumentsAreNamed) {
  AddUsual(1);
  EXPECT_EQ(fcis_python_complete(nullptr, list_, 1, error_, sizeof(error_)),
            FCIS_INVALID_ARGUMENT);
  EXPECT_EQ(std::string(error_), "python is NULL, expected a pointer");
  EXPECT_EQ(fcis_python_complete(&py_, nullptr, 1, error_, sizeof(error_)),
            FCIS_INVALID_ARGUMENT);
  fcis_python other = py_;
  other.inc_ref = nullptr;
  EXPECT_EQ(fcis_python_complete(&other, list_, 1, error_, sizeof(error_)),
            FCIS_INVALID_ARGUMENT);
  other = py_;
  other.struct_size = 8;
  EXPECT_EQ(fcis_python_complete(&other, list_, 1, error_, sizeof(error_)),
            FCIS_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace fcis::api
