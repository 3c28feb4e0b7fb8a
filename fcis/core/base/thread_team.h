// The threads behind ParallelFor and oneDNN. On a quiet machine a team starts
// and ends work within a microsecond, since its threads spin for the short time
// between two pieces of work. On a busy machine they sleep: a thread that spins
// there burns the core that another one needs, often the one it waits for.
// Where others leave a team only a part of its cores, as the kernel's accounts
// of its threads tell, it gathers on so many of them.
//
// Whoever sets OMP_WAIT_POLICY (active: spin on; passive: always sleep) or
// GOMP_SPINCOUNT (so many pauses, or "infinity") decides instead.
#ifndef FCIS_CORE_BASE_THREAD_TEAM_H_
#define FCIS_CORE_BASE_THREAD_TEAM_H_

#include "absl/functional/function_ref.h"

namespace fcis {

// Members that a team may have.
inline constexpr int kMaxTeam = 1 << 12;

// How many members, of those wanted, a team has at most: 1 to kMaxTeam.
int TeamSize(int wanted);

// Says how many threads oneDNN uses from now on where the calling thread calls
// it, and returns how many they were. It asks NumThreads() (parallel.h) itself
// where its threads are these teams; it must be told where teams are made of
// OpenMP's threads, as in a shared library (omp_team.cc).
int TellOpenMp(int threads);

// Whether the calling thread is in a ThreadsScope (parallel.h).
bool InThreadsScope();

// Where the calling thread stands. {0, 1} outside of teams.
struct TeamPlace {
  int member = 0;
  int members = 1;
};
TeamPlace CurrentPlace();

// Whether the calling thread works for a team of two or more.
bool InTeam();

// Calls body(member) for each member of [0, members) once and returns when all
// have returned. Member 0 is the calling thread. It also does the work of those
// whose threads have not come by the time it is done itself, as happens when
// others use their cores. members: 1 to kMaxTeam. A team within a team has the
// calling thread alone: body(0) with CurrentPlace() {0, 1}.
//
// Each thread that calls this has helpers of its own, which stay until it ends.
// The process aborts when a helper cannot be started, and when body throws;
// omp_team.cc's teams do with fewer, and throw what it threw, once all have
// returned.
void RunTeam(int members, absl::FunctionRef<void(int member)> body);

// Returns once every member of the calling thread's team has called it. All
// members must, equally often. Returns at once outside of teams.
void TeamBarrier();

}  // namespace fcis

#endif  // FCIS_CORE_BASE_THREAD_TEAM_H_
