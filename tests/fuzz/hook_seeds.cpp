#include "fuzz/seeds.hpp"

namespace clusterkit::fuzz {
namespace {

constexpr const char* kEvent =
    R"({"seq":7,"type":"node_join","subject":"node-3","index":12,"epoch":2,"node":{"id":"node-3","weight":1,)"
    R"("tags":["a","b\u00e9"],"services":[]},"owners":[[1,2],[3]],"big":18446744073709551615,"low":-1.5e3,)"
    R"("on":true,"off":false,"none":null})";

constexpr const char* kWebhook =
    "url = https://example.org:8443/hook?a=%2F\nsecret = s3cret\nheaders = Authorization: Bearer x, \"X-A: "
    "b,c\"\n"
    "connect_timeout = 2s\nverify = full\nca_file = ca.pem\n";
constexpr const char* kPerEvent =
    "command = /bin/true\nargs = -v, \"a b\"\nenv = LEVEL=3, PATH=/bin\nkill_after = 500ms\n"
    "on_failure = dead_letter\nmax_output = 4KiB\n";
constexpr const char* kLua =
    "mode = lua\nscript = /dev/null\nallow = os, io\nmax_memory = 2MiB\n"
    "max_instructions = 100000\n";

std::string answer(const std::string& status, const std::string& headers = "", const std::string& body = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

}  // namespace

std::vector<Seed> hookSeeds() {
  const std::string webhook(1, '\0'), script(1, '\1');
  const std::string cuts("\3\0\4\x10", 4), whole(1, '\0');
  return {
      {"hook_section", "webhook", webhook + kWebhook},
      {"hook_section", "webhook-short", webhook + "url = http://[::1]/\n"},
      {"hook_section", "webhook-refused", webhook + "url = http://u:p@h/#f\nheaders = Host: x\n"},
      {"hook_section", "script", script + kPerEvent},
      {"hook_section", "script-stream", script + "mode = stream\ncommand = /bin/cat\ndirectory = /\n"},
      {"hook_section", "script-lua", script + kLua},
      {"webhook_answer", "accepted", answer("200 OK", "", "thanks") + answer("204 No Content")},
      {"webhook_answer", "later", answer("503 Service Unavailable", "Retry-After: 120\r\n")},
      {"webhook_answer", "later-date",
       answer("429 Too Many Requests", "Retry-After: Fri, 15 Jan 2027 08:01:00 GMT\r\n")},
      {"webhook_answer", "old-dates",
       answer("503 Busy", "Retry-After: Friday, 15-Jan-27 08:01:00 GMT\r\n") +
           answer("503 Busy", "Retry-After: Fri Jan 15 08:01:00 2027\r\n")},
      {"webhook_answer", "interim",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" +
           answer("201 Created", "", "x")},
      {"webhook_answer", "chunked",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n0\r\n\r\n" +
           answer("404 Not Found", "Connection: close\r\n")},
      {"webhook_answer", "redirect", "HTTP/1.0 301 Moved\r\nLocation: http://other/\r\n\r\nbody"},
      {"webhook_answer", "cut", "HTTP/1.1 200 OK\r\nContent-Le"},
      {"script_event", "event", kEvent},
      {"script_event", "no-object", "[1,2]"},
      {"script_event", "deep", "{\"a\":[[[[[[[[{\"b\":[]}]]]]]]]]}"},
      {"script_output", "answers", whole + "7\nok 8\nretry 9 later\nreject 10 no such key\n11 \nbye 12\n"},
      {"script_output", "cut", cuts + "ok 18446744073709551615\nretry 18446744073709551616\n\n\nno end"},
      {"script_output", "long", cuts + std::string(70, 'x') + "\nretry 3 " + std::string(60, 'y') + "\n4"},
  };
}

}  // namespace clusterkit::fuzz
