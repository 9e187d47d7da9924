#include "daemon/config_sample.hpp"
#include "daemon/settings_schema.hpp"
#include "fuzz/seeds.hpp"

namespace clusterkit::fuzz {
namespace {

constexpr const char* kSmallIni = R"([node]
id = n1
[http]
listen = :8080
)";

constexpr const char* kNamedIni =
    "\xEF\xBB\xBF"
    R"(; a comment
[node]
id = n1
name = ${env:NAME} and $${env:NAME}
[http]
listen = 0.0.0.0:8080
advertise = [::1]:8080
request_timeout = 1500ms
[cluster]
seeds = a:1, b:2
value_quota = 16MiB
[sink.audit]
plugin = script
events = node_join, node_leave
command = /bin/true
backoff = 2s
max_backoff = 1m
[service.orders]
address = 10.0.0.1:80
check = http://10.0.0.1:80/health
tags = a, b
[rebalance]
handoff = acknowledged
)";

constexpr const char* kNamedXml = R"(<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<clusterkit>
  <node><id>n1</id><name>a &lt;b&gt; &#38; <![CDATA[<c>]]></name></node>
  <http><listen>:8080</listen></http>
  <sink name="audit"><plugin>script</plugin><events>node_join</events></sink>
  <service name="orders"><address>10.0.0.1:80</address></service>
</clusterkit>
)";

std::string quoted(const std::string& text) { return "\"" + text + "\"\n"; }

// Every section, key and word that the table of settings knows, between what the format puts around them.
std::string dictionary(const std::string& before, const std::string& after, const std::string& keyBefore,
                       const std::string& keyAfter) {
  std::string out = "# From the table of settings; written by seeds_test.cpp.\n";
  for (const SectionSchema& section : settingsSchema()) {
    out += quoted(before + section.kind + after);
    for (const std::string& key : keysOf(section)) out += quoted(keyBefore + key + keyAfter);
  }
  for (const char* word :
       {"true", "false", "ms", "s", "m", "h", "KiB", "MiB", "GiB", ":8080", "[::1]:1",
        "sha256:", "${env:NAME}", "$${env:", "node_join", "balanced", "acknowledged", "http://", "ttl"})
    out += quoted(word);
  return out;
}

}  // namespace

std::vector<Seed> configSeeds() {
  return {{"config_ini", "small", kSmallIni},
          {"config_ini", "named", kNamedIni},
          {"config_ini", "sample", sampleIni()},
          {"config_ini", "crlf", "[node]\r\nid=n1\r\n[http]\r\nlisten=:1\r\n"},
          {"config_xml", "named", kNamedXml},
          {"config_xml", "sample", sampleXml()},
          {"config_xml", "dtd", "<!DOCTYPE a [<!ENTITY b \"c\">]><clusterkit>&b;</clusterkit>"}};
}

std::string iniDictionary() {
  return dictionary("[", "]\\x0a", "", " = ") + quoted("[sink.a]\\x0a") + quoted("[service.b]\\x0a");
}

std::string xmlDictionary() {
  return dictionary("<", ">", "<", ">") + quoted("</") + quoted("<sink name=\\\"a\\\">") +
         quoted("<clusterkit>") + quoted("</clusterkit>") + quoted("<![CDATA[") + quoted("]]>") +
         quoted("<!--") + quoted("-->") + quoted("<?xml version=\\\"1.0\\\"?>") +
         quoted("encoding=\\\"UTF-16\\\"") + quoted("<!DOCTYPE") + quoted("<!ENTITY") + quoted("&amp;") +
         quoted("&#x0a;");
}

}  // namespace clusterkit::fuzz
