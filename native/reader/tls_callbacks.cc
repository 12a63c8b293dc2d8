#include "reader/tls_callbacks.h"

namespace hawser::reader {

namespace {

struct Current {
  const OpenSsl* openssl = nullptr;
  TlsCallbacks* callbacks = nullptr;
};

// Whom this thread works for, inside a TlsCall.
thread_local Current current;

// 1, or -1 with the flags that say to come again once there is more.
int ReadBio(BIO* bio, char* target, std::size_t room, std::size_t* size) {
  const OpenSsl& openssl = *current.openssl;
  openssl.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  *size = current.callbacks->TakeCiphertext({reinterpret_cast<std::uint8_t*>(target), room});
  if (*size > 0) return 1;
  openssl.BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
  return -1;
}

// What a read has left in the flags would make a failure look like one that waits for more.
int WriteBio(BIO* bio, const char* bytes, std::size_t size, std::size_t* written) {
  current.openssl->BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  const bool put = current.callbacks->PutCiphertext({reinterpret_cast<const std::uint8_t*>(bytes), size});
  *written = put ? size : 0;
  return put ? 1 : -1;
}

// Nothing is held back, so flushing is done at once; all else that may be asked of a BIO this one has not.
long ControlBio(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace

TlsCall::TlsCall(const OpenSsl& openssl, TlsCallbacks& callbacks)
    : outer_openssl_(current.openssl), outer_callbacks_(current.callbacks) {
  current = {.openssl = &openssl, .callbacks = &callbacks};
  openssl.ERR_clear_error();
}

TlsCall::~TlsCall() { current = {.openssl = outer_openssl_, .callbacks = outer_callbacks_}; }

void InstallTlsCallbacks(const OpenSsl& openssl, SSL_CTX* context) {
  openssl.SSL_CTX_sess_set_new_cb(context, [](SSL*, SSL_SESSION* session) {
    current.callbacks->OnNewSession(session);
    return 0;  // the session stays OpenSSL's
  });
  openssl.SSL_CTX_set_keylog_callback(context,
                                      [](const SSL*, const char* line) { current.callbacks->OnKeyLogLine(line); });
}

BioMethodPtr MakeBioMethod(const OpenSsl& openssl) {
  // A type of its own would be one of few that a process has to give.
  BioMethodPtr method(openssl.BIO_meth_new(BIO_TYPE_SOURCE_SINK, "hawser"), {&openssl});
  if (!method) return method;
  const bool made = openssl.BIO_meth_set_read_ex(method.get(), ReadBio) == 1 &&
                    openssl.BIO_meth_set_write_ex(method.get(), WriteBio) == 1 &&
                    openssl.BIO_meth_set_ctrl(method.get(), ControlBio) == 1;
  if (!made) method.reset();
  return method;
}

}  // namespace hawser::reader
