// A map that forgets what was not asked for lately.
#ifndef FCIS_CORE_BASE_RECENT_MAP_H_
#define FCIS_CORE_BASE_RECENT_MAP_H_

#include <cstddef>
#include <list>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace fcis {

// Not thread-safe. A value may be asked for again once it was forgotten, and is
// a new one then: what others still use belongs into a shared_ptr.
template <typename Key, typename Value>
class RecentMap {
 public:
  // Holds up to `most` >= 1 values.
  explicit RecentMap(size_t most) : most_(most) {}
  RecentMap(const RecentMap&) = delete;

  // The value of `key`, which is Value() where there is none. A new one takes
  // the place of the one that was asked for the longest time ago. Until the
  // next call.
  Value& operator[](const Key& key) {
    const auto found = places_.find(key);
    if (found != places_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return found->second->second;
    }
    if (recent_.size() >= most_) {
      places_.erase(recent_.back().first);
      recent_.pop_back();
    }
    recent_.emplace_front(key, Value());
    places_[key] = recent_.begin();
    return recent_.front().second;
  }

  size_t size() const { return recent_.size(); }

 private:
  using List = std::list<std::pair<Key, Value>>;

  const size_t most_;
  List recent_;  // the latest first
  absl::flat_hash_map<Key, typename List::iterator> places_;
};

}  // namespace fcis

#endif  // FCIS_CORE_BASE_RECENT_MAP_H_
