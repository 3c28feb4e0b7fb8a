#include "fcis/core/base/thread_team.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace fcis {
namespace {

using Clock = std::chrono::steady_clock;

// A sleeping thread costs tens of microseconds to wake. Half a millisecond
// covers the gaps between the layers of a network.
constexpr std::chrono::microseconds kQuietSpin{500};
constexpr std::chrono::microseconds kBusySpin{50};
// A spinning thread that misses so much time lost its core to somebody.
constexpr std::chrono::microseconds kLostCore{300};
// A machine once found busy is taken to stay so for a while.
constexpr std::chrono::milliseconds kBusyPeriod{500};

constexpr int kPausesPerLook = 16;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

void Futex(std::atomic<uint32_t>* word, int operation, uint32_t value) {
  syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, nullptr,
          nullptr, 0);
}

// What the user asked for: pauses before a waiting thread sleeps; -1: nothing.
int64_t PausesByUser() {
  constexpr int64_t kForever = std::numeric_limits<int64_t>::max();
  const auto value = [](const char* name) {
    const char* const text = std::getenv(name);
    return absl::AsciiStrToLower(
        absl::StripAsciiWhitespace(text == nullptr ? "" : text));
  };
  const std::string count = value("GOMP_SPINCOUNT");
  int64_t pauses = 0;
  if (count == "infinite" || count == "infinity") return kForever;
  if (absl::SimpleAtoi(count, &pauses) && pauses >= 0) return pauses;
  const std::string policy = value("OMP_WAIT_POLICY");
  return policy == "passive" ? 0 : policy == "active" ? kForever : -1;
}

// Whether others want the cores, as far as waiting threads have noticed.
class Busyness {
 public:
  bool Now(Clock::time_point now) const {
    return now.time_since_epoch().count() <
           until_.load(std::memory_order_relaxed);
  }
  void Found(Clock::time_point now) {
    until_.store((now + kBusyPeriod).time_since_epoch().count(),
                 std::memory_order_relaxed);
  }

 private:
  std::atomic<Clock::rep> until_{0};
};

// Spins until done(); false if that takes too long.
template <typename Done>
bool SpinUntil(const Done& done, Busyness* busyness) {
  static const int64_t by_user = PausesByUser();
  if (done()) return true;
  Clock::time_point last = Clock::now();
  const Clock::time_point end =
      last + (busyness->Now(last) ? kBusySpin : kQuietSpin);
  for (int64_t i = 1; by_user < 0 || i <= by_user; ++i) {
    Pause();
    if (done()) return true;
    if (by_user >= 0 || i % kPausesPerLook != 0) continue;
    const Clock::time_point now = Clock::now();
    if (now - last > kLostCore) busyness->Found(now);
    if (now > end) return false;
    last = now;
  }
  return false;
}

// A number that threads wait on.
class WaitWord {
 public:
  uint32_t Get() const { return value_.load(); }
  void Set(uint32_t value) { value_.store(value); }
  // Returns the number after `change` has been added to it.
  uint32_t Add(int change) { return value_.fetch_add(change) + change; }

  // Wakes so many of those that sleep.
  void Wake(int count) {
    if (sleepers_.load() > 0) Futex(&value_, FUTEX_WAKE, count);
  }

  // Returns once the number is not `old`. False if that took a sleep.
  bool WaitWhile(uint32_t old, Busyness* busyness) {
    const auto changed = [&] { return value_.load() != old; };
    if (SpinUntil(changed, busyness)) return true;
    // Who changes the number looks for sleepers afterwards: either it sees this
    // one, or the kernel sees the change and does not let it sleep.
    sleepers_.fetch_add(1);
    while (!changed()) Futex(&value_, FUTEX_WAIT, old);
    sleepers_.fetch_sub(1);
    return false;
  }

 private:
  std::atomic<uint32_t> value_{0};
  std::atomic<int> sleepers_{0};
};

class Team;

struct Place : TeamPlace {
  Team* team = nullptr;
};
thread_local Place place;

// A calling thread and its helpers. Work is a job: a number that grows, and
// how many members it has. Who claims a member of the current job may read what
// the job is, as the job cannot end before that member has.
class Team {
 public:
  explicit Team(int capacity) : claims_(capacity) {}

  int capacity() const { return static_cast<int>(claims_.size()); }

  // What helper number `self` >= 1 does until Stop().
  void Help(int self) {
    while (true) {
      const uint32_t posts = posts_.Get();
      if (stop_.load()) return;
      Claim(job_.load(), self);
      posts_.WaitWhile(posts, &busyness_);
    }
  }

  void Run(int members, absl::FunctionRef<void(int)> body) {
    body_ = &body;
    pending_.Set(members);
    const uint64_t job = (job_.load() / kMaxTeam + 1) * kMaxTeam + members - 1;
    job_.store(job);
    posts_.Add(1);
    posts_.Wake(members - 1);
    Do(0, members);
    Claim(job, 1);
    while (const uint32_t left = pending_.Get()) {
      // A member that works on for so long was probably put aside.
      if (!pending_.WaitWhile(left, &busyness_)) busyness_.Found(Clock::now());
    }
  }

  void Barrier(int members) {
    const uint32_t round = round_.Get();
    if (arrived_.fetch_add(1) + 1 < members) {
      round_.WaitWhile(round, &busyness_);
      return;
    }
    arrived_.store(0);
    round_.Add(1);
    round_.Wake(members);
  }

  void Stop() {
    stop_.store(true);
    posts_.Add(1);
    posts_.Wake(INT_MAX);
  }

 private:
  // The newest job of which each member was begun. Claims never go back, so
  // that a helper that was asleep for long cannot claim for an old job.
  struct alignas(64) LastClaim {
    std::atomic<uint64_t> job{0};
  };

  // Does what nobody has begun of `job`, first the member `self`.
  void Claim(uint64_t job, int self) {
    const int others = static_cast<int>(job % kMaxTeam);
    for (int i = 0; i < others; ++i) {
      const int member = 1 + (self - 1 + i) % others;
      std::atomic<uint64_t>& last = claims_[member].job;
      uint64_t seen = last.load();
      if (seen < job && last.compare_exchange_strong(seen, job)) {
        Do(member, others + 1);
      }
    }
  }

  void Do(int member, int members) {
    const Place before = place;
    place.member = member;
    place.members = members;
    place.team = this;
    (*body_)(member);
    place = before;
    if (pending_.Add(-1) == 0) pending_.Wake(1);
  }

  // Each on its own cache line: all threads look at the first two all the time.
  alignas(64) WaitWord posts_;
  alignas(64) WaitWord pending_;
  alignas(64) WaitWord round_;
  std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint64_t> job_{0};
  const absl::FunctionRef<void(int)>* body_ = nullptr;
  std::vector<LastClaim> claims_;
  std::atomic<bool> stop_{false};
  Busyness busyness_;
};

// The team of one thread. Helpers share it, so that nobody has to wait for
// them at the end.
class OwnTeam {
 public:
  ~OwnTeam() { Stop(); }

  Team& WithCapacity(int members) {
    if (team_ == nullptr || team_->capacity() < members) {
      Stop();
      team_ = std::make_shared<Team>(members);
      for (int i = 1; i < members; ++i) {
        std::thread([team = team_, i] { team->Help(i); }).detach();
      }
    }
    return *team_;
  }

 private:
  void Stop() {
    if (team_ != nullptr) team_->Stop();
  }

  std::shared_ptr<Team> team_;
};

}  // namespace

TeamPlace CurrentPlace() { return place; }

bool InTeam() { return place.team != nullptr; }

void RunTeam(int members, absl::FunctionRef<void(int)> body) noexcept {
  if (members > 1 && !InTeam()) {
    thread_local OwnTeam own;
    own.WithCapacity(members).Run(members, body);
    return;
  }
  const Place before = place;
  place.member = 0;
  place.members = 1;
  body(0);
  place = before;
}

void TeamBarrier() {
  if (place.members > 1) place.team->Barrier(place.members);
}

}  // namespace fcis
