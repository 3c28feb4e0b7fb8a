#include "fcis/core/base/thread_team.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"

namespace fcis {
namespace {

using Clock = std::chrono::steady_clock;

// A sleeping thread costs tens of microseconds to wake. Half a millisecond
// covers the gaps between the layers of a network.
constexpr std::chrono::microseconds kQuietSpin{500};
constexpr std::chrono::microseconds kCrowdedSpin{50};
// How often a team looks how long its threads had to wait for a core, and the
// share of the time that they have had one under which others want it too.
constexpr std::chrono::milliseconds kLooksApart{30};
constexpr double kCrowdedShare = 0.8;
// For so long a team stays gathered, before it looks whether the others are
// still there.
constexpr std::chrono::milliseconds kGathered{500};

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

// How threads wait, as the caller of their team has found it best.
enum class Waiting {
  kQuiet,     // spinning, and asleep after a while
  kCrowded,   // spinning for less long
  kGathered,  // asleep: who is waited for is on the same core
};

// Spins until done(); false if that takes too long.
template <typename Done>
bool SpinUntil(const Done& done, Waiting waiting) {
  static const int64_t by_user = PausesByUser();
  if (done()) return true;
  if (by_user < 0 && waiting == Waiting::kGathered) return false;
  const Clock::time_point end =
      Clock::now() + (waiting == Waiting::kQuiet ? kQuietSpin : kCrowdedSpin);
  for (int64_t i = 1; by_user < 0 || i <= by_user; ++i) {
    Pause();
    if (done()) return true;
    if (by_user >= 0 || i % kPausesPerLook != 0) continue;
    if (Clock::now() > end) return false;
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

  // Returns once the number is not `old`.
  void WaitWhile(uint32_t old, const std::atomic<Waiting>& waiting) {
    const auto changed = [&] { return value_.load() != old; };
    if (SpinUntil(changed, waiting.load(std::memory_order_relaxed))) return;
    // Who changes the number looks for sleepers afterwards: either it sees this
    // one, or the kernel sees the change and does not let it sleep.
    sleepers_.fetch_add(1);
    while (!changed()) Futex(&value_, FUTEX_WAIT, old);
    sleepers_.fetch_sub(1);
  }

 private:
  std::atomic<uint32_t> value_{0};
  std::atomic<int> sleepers_{0};
};

// The time that a thread has had a core, and that it has waited for one.
class CoreMeter {
 public:
  explicit CoreMeter(pid_t thread) {
    const std::string path =
        absl::StrCat("/proc/self/task/", thread, "/schedstat");
    file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  }
  ~CoreMeter() {
    if (file_ >= 0) close(file_);
  }
  CoreMeter(const CoreMeter&) = delete;
  CoreMeter& operator=(const CoreMeter&) = delete;

  // Adds what there was since the last call, in nanoseconds.
  void AddTo(double* ran, double* waited) {
    char text[64] = "";
    if (file_ < 0 || pread(file_, text, sizeof(text) - 1, 0) <= 0) return;
    char* rest = nullptr;
    const double now_ran = std::strtod(text, &rest);
    const double now_waited = std::strtod(rest, nullptr);
    *ran += now_ran - ran_;
    *waited += now_waited - waited_;
    ran_ = now_ran;
    waited_ = now_waited;
  }

 private:
  int file_ = -1;
  double ran_ = 0, waited_ = 0;
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
  explicit Team(int capacity)
      : claims_(capacity), threads_(capacity), meters_(capacity) {
    threads_[0].store(gettid());
  }

  int capacity() const { return static_cast<int>(claims_.size()); }

  // What helper number `self` >= 1 does until Stop().
  void Help(int self) {
    threads_[self].store(gettid());
    while (true) {
      const uint32_t posts = posts_.Get();
      if (stop_.load()) return;
      Claim(job_.load(), self);
      posts_.WaitWhile(posts, waiting_);
    }
  }

  void Run(int members, absl::FunctionRef<void(int)> body) noexcept {
    Adapt(members);
    body_ = &body;
    pending_.Set(members);
    const uint64_t job = (job_.load() / kMaxTeam + 1) * kMaxTeam + members - 1;
    job_.store(job);
    posts_.Add(1);
    posts_.Wake(members - 1);
    Do(0, members);
    Claim(job, 1);
    while (const uint32_t left = pending_.Get()) {
      pending_.WaitWhile(left, waiting_);
    }
  }

  void Barrier(int members) {
    const uint32_t round = round_.Get();
    if (arrived_.fetch_add(1) + 1 < members) {
      round_.WaitWhile(round, waiting_);
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
  // By the caller, between jobs. Where others want all cores, members that wait
  // for each other are seldom on them at the same time: a team that would have
  // half of two cores does better with one of them, which the kernel then
  // leaves to it.
  void Adapt(int members) {
    const Clock::time_point now = Clock::now();
    if (gathered_on_ > 0 && sched_getcpu() != first_core_) {
      Gather(gathered_on_);
    }
    if (now - looked_ < kLooksApart) return;
    looked_ = now;
    const double share = ShareOfCores();
    if (gathered_on_ > 0) {
      if (now > gathered_until_) Scatter();
      return;
    }
    waiting_.store(share < kCrowdedShare ? Waiting::kCrowded : Waiting::kQuiet);
    const int cores =
        std::max(1, static_cast<int>(std::lround(share * members)));
    if (cores >= members) return;
    if (sched_getaffinity(0, sizeof(own_), &own_) != 0) return;
    gathered_until_ = now + kGathered;
    Gather(cores);
  }

  // Of all members, since the last call.
  double ShareOfCores() {
    double ran = 0, waited = 0;
    for (size_t i = 0; i < meters_.size(); ++i) {
      const pid_t thread = threads_[i].load();
      if (thread == 0) continue;
      if (meters_[i] == nullptr) {
        meters_[i] = absl::make_unique<CoreMeter>(thread);
      }
      meters_[i]->AddTo(&ran, &waited);
    }
    return ran + waited > 0 ? ran / (ran + waited) : 1;
  }

  // Helpers go to the caller's core and those after it. The caller itself stays
  // free, as threads that it starts must be.
  void Gather(int cores) {
    gathered_on_ = cores;
    first_core_ = sched_getcpu();
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&set) < cores; ++i) {
      const int core = (first_core_ + i) % CPU_SETSIZE;
      if (CPU_ISSET(core, &own_)) CPU_SET(core, &set);
    }
    Confine(set);
    waiting_.store(Waiting::kGathered);
  }

  void Scatter() {
    gathered_on_ = 0;
    Confine(own_);
    waiting_.store(Waiting::kCrowded);
  }

  void Confine(const cpu_set_t& set) {
    for (size_t i = 1; i < threads_.size(); ++i) {
      const pid_t thread = threads_[i].load();
      if (thread > 0) sched_setaffinity(thread, sizeof(set), &set);
    }
  }

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
  std::atomic<Waiting> waiting_{Waiting::kQuiet};
  std::vector<std::atomic<pid_t>> threads_;  // of the members; 0: not yet there
  // What the caller knows.
  std::vector<std::unique_ptr<CoreMeter>> meters_;
  Clock::time_point looked_;
  int gathered_on_ = 0;  // so many cores; 0: the team is not
  int first_core_ = 0;   // of these
  cpu_set_t own_;        // cores of the helpers otherwise
  Clock::time_point gathered_until_;
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

int TeamSize(int wanted) { return std::min(std::max(wanted, 1), kMaxTeam); }

int TellOpenMp(int /*threads*/) { return 0; }

TeamPlace CurrentPlace() { return place; }

bool InTeam() { return place.team != nullptr; }

void RunTeam(int members, absl::FunctionRef<void(int)> body) {
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

// What oneDNN asks of libgomp, which it was built for. A program's own symbols
// come before those of shared libraries: oneDNN's parallel regions are teams
// too. kernels/cpu:dnnl_threads_test checks that it asks for nothing else.
extern "C" {

void GOMP_parallel(void (*body)(void*), void* data, unsigned members,
                   unsigned /*flags*/) {
  fcis::RunTeam(members == 0 ? fcis::NumThreads()
                             : std::min<int>(members, fcis::kMaxTeam),
                [&](int) { body(data); });
}

void GOMP_barrier() { fcis::TeamBarrier(); }
int omp_get_max_threads() { return fcis::NumThreads(); }
int omp_get_num_threads() { return fcis::CurrentPlace().members; }
int omp_get_thread_num() { return fcis::CurrentPlace().member; }
int omp_in_parallel() { return fcis::InTeam(); }
// Of oneDNN 3, whose primitives never call it.
void omp_set_num_threads(int threads) { fcis::SetNumThreads(threads); }

}  // extern "C"
