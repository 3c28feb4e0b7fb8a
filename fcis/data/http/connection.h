// A client's connection: bytes in and out by a deadline, and no more than a
// limit. (The library's own waits a few seconds for each byte, for ever.)
#ifndef FCIS_DATA_HTTP_CONNECTION_H_
#define FCIS_DATA_HTTP_CONNECTION_H_

#include <httplib.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace fcis::data {

// One thread uses a connection; others may call `working`, `waiting_since` and
// `Evict`.
class Connection : public httplib::Stream {
 public:
  // Why reading ended.
  enum class End { kNone, kTimeout, kLimit, kClosed };

  // Takes over the socket `fd`. `stop_fd` becomes readable when no further
  // request is wanted.
  Connection(int fd, int stop_fd, std::string peer);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& peer() const { return peer_; }  // its address

  // Waits for the first byte of a request. False: none came by `deadline` or
  // before no further one was wanted, or the client left.
  bool WaitForRequest(absl::Time deadline);

  // From now on reading fails after so many bytes, and at `deadline`.
  void ExpectAtMost(size_t bytes, absl::Time deadline);
  // From now on writing fails at `deadline`; until then it does at reading's.
  void WriteBy(absl::Time deadline) { write_deadline_ = deadline; }
  End end() const { return end_; }

  // Since the last call of WaitForRequest.
  absl::Time request_start() const { return start_; }
  int64_t bytes_in() const { return bytes_in_; }
  int64_t bytes_out() const { return bytes_out_; }

  // What the client still sends is not part of a request: no other one follows.
  void CloseAfterResponse() { closes_ = true; }
  bool closes() const { return closes_; }
  // Lets the client read the response before it is told that the rest of its
  // bytes were not wanted. At most until `deadline`.
  void DiscardInput(absl::Time deadline);

  // Whether the client sends nothing any more. (Who closes the sending half
  // only, as no client of HTTP does, counts as gone.)
  bool HasLeft() const;

  // While a request is worked on it is the server that lets the client wait.
  void SetWorking(bool working);
  bool working() const { return working_; }
  absl::Time waiting_since() const {
    return absl::FromUnixNanos(waiting_since_);
  }
  // Reading and writing fail from now on.
  void Evict();

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* bytes, size_t size) override;
  ssize_t write(const char* bytes, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  // None, so that nobody else uses it.
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  bool Fill(absl::Time deadline);

  const int fd_, stop_fd_;
  const std::string peer_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_of_buffer_ = 0;
  size_t left_ = 0;
  absl::Time start_, read_deadline_, write_deadline_;
  End end_ = End::kNone;
  int64_t bytes_in_ = 0, bytes_out_ = 0;
  bool closes_ = false;
  std::atomic<bool> working_{false};
  std::atomic<int64_t> waiting_since_;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_HTTP_CONNECTION_H_
