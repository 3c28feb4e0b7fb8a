// Downloads over TLS: certificates, and where redirects may lead.
#include <httplib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/data/download/downloader.h"
#include "fcis/data/download/test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::HasSubstr;

// A certificate for 127.0.0.1 that nobody has signed but itself.
struct Certificate {
  Certificate() : key(EVP_RSA_gen(2048)), x509(X509_new()) {
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_NAME* name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_ASC,
        reinterpret_cast<const unsigned char*>("fcis test"), -1, -1, 0);
    X509_set_issuer_name(x509, name);
    X509_EXTENSION* address = X509V3_EXT_conf_nid(
        nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(x509, address, -1);
    X509_EXTENSION_free(address);
    X509_sign(x509, key, EVP_sha256());
  }
  ~Certificate() {
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  void Save(const std::string& path) const {
    FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, x509);
    std::fclose(file);
  }

  EVP_PKEY* key;
  X509* x509;
};

class HttpsTest : public ::testing::Test {
 protected:
  HttpsTest() : server_(certificate_.x509, certificate_.key) {}

  void SetUp() override {
    const std::string directory = ::testing::TempDir() + "/https";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    path_ = directory + "/file";
    options_.ca_file = directory + "/ca.pem";
    certificate_.Save(options_.ca_file);
    const auto payload = [](const auto&, httplib::Response& response) {
      response.set_content("payload", "application/octet-stream");
    };
    server_.Get("/a", payload);
    plain_.server.Get("/a", payload);
    plain_.Start();
    server_.Get("/down", [this](const auto&, httplib::Response& response) {
      response.set_redirect(plain_.Url("/a"));
    });
    server_.Get("/along", [](const auto&, httplib::Response& response) {
      response.set_redirect("/a");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  void TearDown() override {
    server_.stop();
    thread_.join();
  }

  absl::Status Download(const std::string& route, bool allow_http = false) {
    std::filesystem::remove(path_);
    DownloadItem item;
    item.set_name("thing");
    DownloadSource* source = item.add_source();
    source->set_url(absl::StrCat("https://127.0.0.1:", port_, route));
    source->set_allow_http(allow_http);
    return Downloader(options_).Download(
        item, path_, [](const std::string&) { return absl::OkStatus(); });
  }

  const Certificate certificate_;
  httplib::SSLServer server_;
  TestServer plain_;
  std::thread thread_;
  int port_ = 0;
  DownloadOptions options_;
  std::string path_;
};

TEST_F(HttpsTest, TrustedServersDeliver) {
  EXPECT_EQ(Download("/a"), absl::OkStatus());
  EXPECT_EQ(ReadFile(path_).value_or("<missing>"), "payload");
  EXPECT_EQ(Download("/along"), absl::OkStatus());
}

TEST_F(HttpsTest, OthersDoNot) {
  options_.ca_file.clear();
  EXPECT_THAT(Download("/a").ToString(), HasSubstr("certificate"));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(HttpsTest, RedirectsStayOnHttpsUnlessTheManifestSaysOtherwise) {
  EXPECT_THAT(Download("/down").ToString(), HasSubstr("not allowed"));
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(Download("/down", true), absl::OkStatus());
  EXPECT_EQ(ReadFile(path_).value_or("<missing>"), "payload");
}

}  // namespace
}  // namespace fcis::data
