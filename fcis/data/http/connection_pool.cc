#include "fcis/data/http/connection_pool.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/data/http/http_types.h"

namespace fcis::data {
namespace {

constexpr int kBacklog = 128;

// Until those who wait for a place, or for a free descriptor, are looked after
// again.
constexpr int kPauseMs = 50;

std::string AddressText(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    inet_ntop(AF_INET6,
              &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text,
              sizeof(text));
  } else if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr,
              text, sizeof(text));
  }
  return text;
}

int PortOf(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

absl::Status ListenError(const std::string& host, int port, int error) {
  const std::string what =
      absl::StrCat("cannot listen on port ", port, " of ", host, ": ");
  if (error == EADDRINUSE) {
    return absl::UnavailableError(
        absl::StrCat(what, "the port is in use; choose another, or 0 for any"));
  }
  return absl::UnavailableError(absl::StrCat(what, strerror(error)));
}

// Returns the error, 0 for none.
int Bind(const addrinfo& address, Listener* listener) {
  const int fd =
      socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  if (bind(fd, address.ai_addr, address.ai_addrlen) != 0 ||
      listen(fd, kBacklog) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    const int error = errno;
    close(fd);
    return error;
  }
  const std::string text = AddressText(bound);
  *listener = {
      fd, PortOf(bound),
      bound.ss_family == AF_INET6 ? absl::StrCat("[", text, "]") : text};
  return 0;
}

}  // namespace

absl::StatusOr<Listener> ListenOn(const std::string& host, int port) {
  if (port < 0 || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("port ", port, ": expected 0 to 65535"));
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed =
      getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found);
  if (failed != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("host '", host, "': ", gai_strerror(failed)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, freeaddrinfo);
  int error = 0;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Listener listener;
    error = Bind(*one, &listener);
    if (error == 0) return listener;
  }
  return ListenError(host, port, error);
}

ConnectionPool::ConnectionPool(const Listener& listener, int threads,
                               absl::Duration late, Serve serve)
    : listener_(listener),
      num_threads_(threads),
      late_(late),
      serve_(std::move(serve)),
      stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

ConnectionPool::~ConnectionPool() {
  Drain();
  close(listener_.fd);
  close(stop_fd_);
}

void ConnectionPool::Start() {
  for (int i = 0; i < num_threads_; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
  acceptor_ = std::thread([this] { Accept(); });
}

void ConnectionPool::Drain() {
  draining_ = true;
  const uint64_t one = 1;
  while (::write(stop_fd_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
  if (acceptor_.joinable()) acceptor_.join();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

int64_t ConnectionPool::connections() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int64_t>(active_.size() + pending_.size());
}

bool ConnectionPool::wants_place() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return draining_ || !pending_.empty();
}

void ConnectionPool::Accept() {
  bool wait = true;  // else look again soon
  while (!draining_) {
    pollfd wanted[] = {{listener_.fd, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    (void)poll(wanted, 2, wait ? -1 : kPauseMs);
    sockaddr_storage peer = {};
    socklen_t size = sizeof(peer);
    const int fd = accept4(listener_.fd, reinterpret_cast<sockaddr*>(&peer),
                           &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    const bool exhausted = fd < 0 && (errno == EMFILE || errno == ENFILE ||
                                      errno == ENOBUFS || errno == ENOMEM);
    if (fd >= 0) Admit(fd, AddressText(peer));
    if (exhausted) absl::SleepFor(absl::Milliseconds(kPauseMs));
    const std::lock_guard<std::mutex> lock(mutex_);
    if (exhausted) (void)Evict();
    MakeRoom();
    wait = pending_.empty();
  }
  // Nobody waits in vain for a server that will not answer.
  shutdown(listener_.fd, SHUT_RDWR);
}

void ConnectionPool::Admit(int fd, std::string peer) {
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  auto connection = std::make_unique<Connection>(fd, stop_fd_, std::move(peer));
  const std::lock_guard<std::mutex> lock(mutex_);
  if (active_.size() + pending_.size() >=
      2 * static_cast<size_t>(num_threads_)) {
    ++turned_away_;
    HttpResponse refusal =
        ErrorResponse(503, "the server has no room for another connection");
    refusal.headers.emplace_back("Retry-After", "1");
    const std::string bytes = ResponseBytes(refusal);
    (void)send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  pending_.push_back(std::move(connection));
  changed_.notify_one();
}

// For all newcomers, as far as there are late ones. The mutex is held.
void ConnectionPool::MakeRoom() {
  while (active_.size() + pending_.size() > static_cast<size_t>(num_threads_) &&
         Evict()) {
  }
}

// The mutex is held.
bool ConnectionPool::Evict() {
  Connection* latest = nullptr;
  for (Connection* connection : active_) {
    if (connection->working()) continue;
    if (latest == nullptr ||
        connection->waiting_since() < latest->waiting_since()) {
      latest = connection;
    }
  }
  if (latest == nullptr || SteadyNow() - latest->waiting_since() < late_) {
    return false;
  }
  ++turned_away_;
  latest->Evict();
  active_.erase(absl::c_find(active_, latest));
  return true;
}

void ConnectionPool::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !pending_.empty() || closed_; });
    if (pending_.empty()) return;
    std::unique_ptr<Connection> connection = std::move(pending_.front());
    pending_.pop_front();
    active_.push_back(connection.get());
    lock.unlock();
    serve_(*connection);
    lock.lock();
    const auto it = absl::c_find(active_, connection.get());
    if (it != active_.end()) active_.erase(it);
    connection.reset();
  }
}

}  // namespace fcis::data
