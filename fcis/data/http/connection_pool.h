// Accepts connections and serves each in one of a fixed number of threads.
//
// Where all are taken, newcomers wait, and take the place of the clients that
// have let the server wait for the longest time, be it between two requests,
// within one or while a response is sent: so slow clients keep nobody out. One
// that the server itself lets wait, or that is not late yet, keeps its place.
// As many as there are threads may wait, others are told to come again.
#ifndef FCIS_DATA_HTTP_CONNECTION_POOL_H_
#define FCIS_DATA_HTTP_CONNECTION_POOL_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fcis/data/http/connection.h"

namespace fcis::data {

// A socket that listens.
struct Listener {
  int fd = -1;
  int port = 0;
  std::string address;  // as in a URL: "127.0.0.1", "[::1]"
};

// Listens at `port` of `host`, a name or an address; 0: any free port. Errors
// name both: a name that has no address, a port in use or out of 0 to 65535.
absl::StatusOr<Listener> ListenOn(const std::string& host, int port);

class ConnectionPool {
 public:
  // What `serve` does until the connection is to be closed. It throws nothing.
  using Serve = std::function<void(Connection&)>;

  // Takes over listener.fd. A client is late once it has let the server wait
  // for `late`.
  ConnectionPool(const Listener& listener, int threads, absl::Duration late,
                 Serve serve);
  // Drains.
  ~ConnectionPool();

  void Start();
  // Accepts nothing from now on and returns once all that was begun is
  // finished.
  void Drain();
  // Whether a connection should end after the request in hand: somebody waits
  // for its place, or the server stops.
  bool wants_place() const;

  // Connections at present, and those that had to go or were not let in.
  int64_t connections() const;
  int64_t turned_away() const { return turned_away_; }

 private:
  void Accept();
  void Admit(int fd, std::string peer);
  void MakeRoom();
  bool Evict();
  void Work();

  const Listener listener_;
  const int num_threads_;
  const absl::Duration late_;
  const Serve serve_;
  const int stop_fd_;
  std::atomic<bool> draining_{false};
  std::atomic<int64_t> turned_away_{0};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Connection>> pending_;  // newcomers
  // Being served, and not evicted.
  std::vector<Connection*> active_;
  bool closed_ = false;  // nothing is added to pending_ any more
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_HTTP_CONNECTION_POOL_H_
