#include "disk_model.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

namespace clusterkit::sqlite {

namespace {

constexpr std::uint64_t sector = 512;

std::string parentOf(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

std::string contentOf(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

DiskModel::DiskModel(std::filesystem::path folder) : folder_(std::move(folder).string()) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
    FileNumber file = 0;
    if (!entry.is_directory()) {
      file = ++lastFile_;
      files_[file].sure = contentOf(entry.path());
    }
    sure_[entry.path().string()] = file;
  }
  present_ = sure_;
}

std::optional<FileNumber> DiskModel::find(const std::string& path) const {
  const auto found = present_.find(path);
  return found == present_.end() ? std::nullopt : std::optional<FileNumber>(found->second);
}

FileNumber DiskModel::create(const std::string& path) {
  const FileNumber file = ++lastFile_;
  files_[file];
  name({parentOf(path), path, file, ""});
  return file;
}

void DiskModel::createFolder(const std::string& path) { name({parentOf(path), path, FileNumber{0}, ""}); }

void DiskModel::rename(const std::string& from, const std::string& to) {
  name({parentOf(to), to, find(from), from});
}

void DiskModel::remove(const std::string& path) { name({parentOf(path), path, std::nullopt, ""}); }

void DiskModel::write(FileNumber file, std::uint64_t offset, std::string bytes) {
  files_[file].since.push_back({offset, std::move(bytes), false});
}

void DiskModel::truncate(FileNumber file, std::uint64_t size) {
  files_[file].since.push_back({size, "", true});
}

void DiskModel::syncFile(FileNumber file) {
  File& f = files_[file];
  for (const Change& change : std::exchange(f.since, {})) apply(f.sure, change);
}

void DiskModel::syncFolder(const std::string& path) {
  std::vector<Naming> others;
  for (Naming& naming : since_) {
    if (naming.folder == path)
      apply(sure_, naming);
    else
      others.push_back(std::move(naming));
  }
  since_ = std::move(others);
}

void DiskModel::name(Naming naming) {
  apply(present_, naming);
  since_.push_back(std::move(naming));
}

void DiskModel::apply(std::string& content, const Change& change) {
  if (change.truncates) {
    content.resize(change.offset);
    return;
  }
  content.resize(std::max<std::size_t>(content.size(), change.offset + change.bytes.size()));
  content.replace(change.offset, change.bytes.size(), change.bytes);
}

void DiskModel::apply(Names& names, const Naming& naming) {
  if (!naming.goes.empty()) names.erase(naming.goes);
  if (naming.file)
    names[naming.path] = *naming.file;
  else
    names.erase(naming.path);
}

// One time in three nothing of it, one time in three everything, else each sector by chance.
std::string DiskModel::remainsOf(const File& file, std::mt19937_64& random) {
  std::string content = file.sure;
  const std::uint64_t kind = random() % 3;
  if (kind == 0) return content;
  for (const Change& change : file.since) {
    if (kind == 1 || change.truncates) {
      if (kind == 1 || random() % 2 == 0) apply(content, change);
      continue;
    }
    for (std::uint64_t begin = 0; begin < change.bytes.size();) {
      const std::uint64_t length = sector - (change.offset + begin) % sector;
      if (random() % 2 == 0)
        apply(content, {change.offset + begin, change.bytes.substr(begin, length), false});
      begin += length;
    }
  }
  return content;
}

void DiskModel::writeRemains(const std::filesystem::path& image, std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  Names names = sure_;
  std::set<std::string> folders;
  for (const Naming& naming : since_) folders.insert(naming.folder);
  for (const std::string& folder : folders) {
    std::vector<const Naming*> own;
    for (const Naming& naming : since_)
      if (naming.folder == folder) own.push_back(&naming);
    own.resize(random() % (own.size() + 1));
    for (const Naming* naming : own) apply(names, *naming);
  }
  std::filesystem::create_directory(image);
  for (const auto& [path, file] : names) {  // a folder comes before what is in it
    const auto target = image / std::filesystem::path(path).lexically_relative(folder_);
    if (!std::filesystem::is_directory(target.parent_path())) continue;  // its folder's name was lost
    if (file == 0)
      std::filesystem::create_directory(target);
    else
      std::ofstream(target, std::ios::binary) << remainsOf(files_.at(file), random);
  }
}

}  // namespace clusterkit::sqlite
