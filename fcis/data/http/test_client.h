// A client for tests of servers that sends any bytes, also those that no
// library would.
#ifndef FCIS_DATA_HTTP_TEST_CLIENT_H_
#define FCIS_DATA_HTTP_TEST_CLIENT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fcis::data {

class TestClient {
 public:
  explicit TestClient(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address),
                         sizeof(address)) == 0;
  }
  TestClient(TestClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        connected_(other.connected_),
        unread_(std::move(other.unread_)) {}
  ~TestClient() {
    if (fd_ >= 0) close(fd_);
  }

  bool connected() const { return connected_; }

  // False: the server closed the connection.
  bool Send(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void EndSending() { shutdown(fd_, SHUT_WR); }

  // The next response with its head, by its Content-Length; what came until the
  // server closed the connection, where that is less.
  std::string Response() {
    while (unread_.find("\r\n\r\n") == std::string::npos) {
      if (!More()) return std::exchange(unread_, "");
    }
    const size_t head = unread_.find("\r\n\r\n") + 4;
    size_t size = head;
    const std::string lower = absl::AsciiStrToLower(unread_.substr(0, head));
    const size_t at = lower.find("content-length: ");
    if (at != std::string::npos) {
      size_t length = 0;
      (void)absl::SimpleAtoi(
          lower.substr(at + 16, lower.find("\r\n", at) - at - 16), &length);
      size += length;
    }
    while (unread_.size() < size && More()) {
    }
    const std::string response = unread_.substr(0, size);
    unread_.erase(0, size);
    return response;
  }

  // Whether something has come, or the server has closed the connection.
  bool HasBytes() const {
    char byte;
    return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
  }

  // Whether the server closes the connection without another byte.
  bool IsClosed() { return unread_.empty() && !More(); }

 private:
  bool More() {
    char bytes[1 << 14];
    const ssize_t got = recv(fd_, bytes, sizeof(bytes), 0);
    if (got <= 0) return false;
    unread_.append(bytes, static_cast<size_t>(got));
    return true;
  }

  int fd_;
  bool connected_;
  std::string unread_;
};

// The status of a response; 0: it is none.
inline int StatusOf(const std::string& response) {
  int status = 0;
  if (response.size() > 12)
    (void)absl::SimpleAtoi(response.substr(9, 3), &status);
  return status;
}

// One request on a connection of its own; `head` is its line and headers but
// Host, each ended.
inline std::string Ask(int port, absl::string_view head,
                       absl::string_view body = "") {
  TestClient client(port);
  client.Send(absl::StrCat(head, "Host: localhost\r\n\r\n", body));
  return client.Response();
}

}  // namespace fcis::data

#endif  // FCIS_DATA_HTTP_TEST_CLIENT_H_
