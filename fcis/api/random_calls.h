// What the tests of random arguments share.
#ifndef FCIS_API_RANDOM_CALLS_H_
#define FCIS_API_RANDOM_CALLS_H_

#include <cstddef>
#include <vector>

#include "fcis/fcis.h"
#include "gtest/gtest.h"

namespace fcis::api {

// How many of 10,000 calls.Call() gave each status; any other fails the test.
template <typename Calls>
std::vector<int> StatusesOf(Calls* calls) {
  constexpr int kCalls = 10000;
  std::vector<int> seen(FCIS_INTERNAL + 1);
  for (int i = 0; i < kCalls; ++i) {
    const int status = calls->Call();
    EXPECT_GE(status, 0);
    EXPECT_LE(status, FCIS_INTERNAL);
    if (testing::Test::HasFailure()) break;
    ++seen[static_cast<size_t>(status)];
  }
  return seen;
}

}  // namespace fcis::api

#endif  // FCIS_API_RANDOM_CALLS_H_
