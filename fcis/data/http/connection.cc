#include "fcis/data/http/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/time/time.h"
#include "fcis/core/base/steady_now.h"

namespace fcis::data {
namespace {

constexpr size_t kBufferSize = 1 << 14;

// Milliseconds for poll(), rounded up.
int PollTime(absl::Time deadline) {
  const absl::Duration left = deadline - SteadyNow();
  if (left <= absl::ZeroDuration()) return 0;
  constexpr int64_t kLongest = 1 << 30;
  return static_cast<int>(std::min(
      absl::ToInt64Milliseconds(absl::Ceil(
          std::min(left, absl::Milliseconds(kLongest)), absl::Milliseconds(1))),
      kLongest));
}

// Whether `fd` became ready by `deadline`; `other` (or -1) readable ends the
// wait too.
bool Await(int fd, short events, int other, absl::Time deadline) {  // NOLINT
  while (true) {
    pollfd wanted[] = {{fd, events, 0}, {other, POLLIN, 0}};
    const int ready = poll(wanted, 2, PollTime(deadline));
    if (ready > 0) return wanted[0].revents != 0;
    if (ready < 0 && errno != EINTR) return false;
    if (ready == 0 && SteadyNow() >= deadline) return false;
  }
}

}  // namespace

Connection::Connection(int fd, int stop_fd, std::string peer)
    : fd_(fd),
      stop_fd_(stop_fd),
      peer_(std::move(peer)),
      buffer_(kBufferSize),
      waiting_since_(absl::ToUnixNanos(SteadyNow())) {}

Connection::~Connection() { close(fd_); }

bool Connection::WaitForRequest(absl::Time deadline) {
  waiting_since_ = absl::ToUnixNanos(SteadyNow());
  write_deadline_ = deadline;
  end_ = End::kNone;
  if (begin_ == end_of_buffer_ &&
      (!Await(fd_, POLLIN, stop_fd_, deadline) || !Fill(deadline))) {
    return false;
  }
  start_ = SteadyNow();
  waiting_since_ = absl::ToUnixNanos(start_);
  bytes_in_ = bytes_out_ = 0;
  return true;
}

void Connection::ExpectAtMost(size_t bytes, absl::Time deadline) {
  left_ = bytes;
  read_deadline_ = write_deadline_ = deadline;
}

// More bytes into the buffer, which is empty.
bool Connection::Fill(absl::Time deadline) {
  while (true) {
    const ssize_t got = recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got > 0) {
      begin_ = 0;
      end_of_buffer_ = static_cast<size_t>(got);
      return true;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      end_ = End::kClosed;
      return false;
    }
    if (!Await(fd_, POLLIN, -1, deadline)) {
      end_ = End::kTimeout;
      return false;
    }
  }
}

ssize_t Connection::read(char* bytes, size_t size) {
  if (end_ != End::kNone) return -1;
  if (left_ == 0) {
    end_ = End::kLimit;
    return -1;
  }
  // A client that sends byte by byte is never waited for, and still too slow.
  if (begin_ == end_of_buffer_ && SteadyNow() >= read_deadline_) {
    end_ = End::kTimeout;
    return -1;
  }
  if (begin_ == end_of_buffer_ && !Fill(read_deadline_)) return -1;
  const size_t count = std::min({size, end_of_buffer_ - begin_, left_});
  std::memcpy(bytes, buffer_.data() + begin_, count);
  begin_ += count;
  left_ -= count;
  bytes_in_ += static_cast<int64_t>(count);
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t sent =
        send(fd_, bytes + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      done += static_cast<size_t>(sent);
      bytes_out_ += sent;
    } else if (errno == EAGAIN) {
      if (!Await(fd_, POLLOUT, -1, write_deadline_)) return -1;
    } else if (errno != EINTR) {
      return -1;
    }
    if (SteadyNow() >= write_deadline_ && done < size) return -1;
  }
  return static_cast<ssize_t>(size);
}

void Connection::DiscardInput(absl::Time deadline) {
  waiting_since_ = absl::ToUnixNanos(SteadyNow());
  shutdown(fd_, SHUT_WR);
  while (SteadyNow() < deadline && Fill(deadline)) {
  }
}

bool Connection::HasLeft() const {
  char unused;
  return recv(fd_, &unused, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void Connection::SetWorking(bool working) {
  waiting_since_ = absl::ToUnixNanos(SteadyNow());
  working_ = working;
}

void Connection::Evict() { shutdown(fd_, SHUT_RDWR); }

bool Connection::is_readable() const { return end_ == End::kNone; }

bool Connection::is_writable() const {
  return Await(fd_, POLLOUT, -1, write_deadline_);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = peer_;
  port = 0;
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace fcis::data
