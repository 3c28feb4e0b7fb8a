// What the tests of random arguments share.
#ifndef FCIS_API_TESTING_RANDOM_CALLS_H_
#define FCIS_API_TESTING_RANDOM_CALLS_H_

#include <cstddef>
#include <functional>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "fcis/fcis.h"
#include "gtest/gtest.h"

namespace fcis::api {

// A function of the library, called with arguments that are drawn anew.
struct Door {
  std::string name;
  std::function<int()> call;  // its status
};

// Goes 10,000 times through each of calls->Doors(), between calls->Before() and
// calls->After(status), and prints how often each gave which status: each must
// have answered, refused, and done nothing else. How often each status was
// given by all.
template <typename Calls>
std::vector<int> StatusesOf(Calls* calls) {
  constexpr int kCalls = 10000, kFew = 10;
  std::vector<int> all(FCIS_INTERNAL + 1);
  for (const Door& door : calls->Doors()) {
    SCOPED_TRACE(door.name);
    std::vector<int> seen(all.size());
    for (int i = 0; i < kCalls && !testing::Test::HasFailure(); ++i) {
      calls->Before();
      const int status = door.call();
      calls->After(status);
      EXPECT_TRUE(status >= 0 && status <= FCIS_INTERNAL) << status;
      if (!testing::Test::HasFailure()) ++seen[static_cast<size_t>(status)];
    }
    EXPECT_GT(seen[FCIS_OK], kFew);
    EXPECT_LT(seen[FCIS_OK], kCalls - kFew);
    std::cout << door.name << ":";
    for (size_t status = 0; status < seen.size(); ++status) {
      all[status] += seen[status];
      if (seen[status] > 0) {
        std::cout << " " << seen[status] << " x " << status;
      }
    }
    std::cout << "\n";
  }
  std::cout << std::accumulate(all.begin(), all.end(), 0) << " calls\n";
  return all;
}

}  // namespace fcis::api

#endif  // FCIS_API_TESTING_RANDOM_CALLS_H_
