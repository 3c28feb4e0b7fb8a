// Waits until someone wants the program to stop.
#ifndef FCIS_TOOLS_SERVE_STOP_SIGNAL_H_
#define FCIS_TOOLS_SERVE_STOP_SIGNAL_H_

namespace fcis::tools {

// While one lives SIGTERM and SIGINT do not end the program but Wait(); the
// second signal of a kind ends it at once, as without. One at a time.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // Returns the signal that came, at any time since this was made.
  int Wait() const;
};

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_SERVE_STOP_SIGNAL_H_
