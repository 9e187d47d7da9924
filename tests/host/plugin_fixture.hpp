// A private folder with copies of the test plugins, and the refusals that come of them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "host/plugin_catalog.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit {

namespace fs = std::filesystem;

using Bytes = std::vector<std::uint8_t>;

inline Bytes bytesOf(const fs::path& path) {
  Bytes bytes(fs::file_size(path));
  std::ifstream(path, std::ios::binary)
      .read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

inline fs::path testPlugin(const std::string& name) {
  return fs::path(CLUSTERKIT_TEST_PLUGINS) / (name + ".so");
}

class PluginTest : public testing::Test {
 protected:
  PluginTest() { fs::create_directory(folder()); }

  fs::path folder() const { return temp_.path() / "plugins"; }

  // Puts a test plugin into the folder, under its own name or another.
  fs::path put(const std::string& plugin, const std::string& name = "") {
    return putBytes(bytesOf(testPlugin(plugin)), (name.empty() ? plugin : name) + ".so");
  }
  fs::path putBytes(const Bytes& bytes, const std::string& name) {
    const fs::path path = folder() / name;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    ::chmod(path.c_str(), 0644);
    return path;
  }

  PluginSearch search() const { return {{folder()}, "", trust_}; }
  PluginCatalog scan() const { return PluginCatalog::scan(search()); }

  // The text of what `call` throws, which must be one line.
  static std::string refusalOf(const std::function<void()>& call) {
    try {
      call();
    } catch (const PluginRefused& e) {
      EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << e.what();
      return e.what();
    }
    ADD_FAILURE() << "not refused";
    return "";
  }

  test::TempDir temp_;
  PluginTrust trust_ = PluginTrust::ofThisProcess();
};

}  // namespace clusterkit
