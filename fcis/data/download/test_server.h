// A web server on the loopback for tests of downloads.
#ifndef FCIS_DATA_DOWNLOAD_TEST_SERVER_H_
#define FCIS_DATA_DOWNLOAD_TEST_SERVER_H_

#include <httplib.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"

namespace fcis::data {

// Add routes to `server`, then Start. Ranges are its own; If-Range is not, so
// that routes say what they do about it.
class TestServer {
 public:
  TestServer() {
    port_ = server.bind_to_any_port("127.0.0.1");
    server.set_keep_alive_timeout(1);
  }
  ~TestServer() {
    server.stop();
    if (thread_.joinable()) thread_.join();
  }

  void Start() {
    thread_ = std::thread([this] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::yield();
  }

  std::string Url(const std::string& path) const {
    return absl::StrCat("http://127.0.0.1:", port_, path);
  }

  httplib::Server server;

 private:
  int port_;
  std::thread thread_;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_DOWNLOAD_TEST_SERVER_H_
