#include "log_table.hpp"

#include <clusterkit/checksum.hpp>

namespace clusterkit::sqlite {

namespace {

std::uint64_t rowCrc(const ck_log_entry& e, std::uint64_t step) {
  Crc64 crc;
  crc.add(e.index);
  crc.add(e.term);
  crc.add((std::uint64_t{e.type} << 32) | e.flags);
  crc.add(step);
  crc.add(view(e.data));
  return crc.value();
}

std::uint64_t nextChain(std::uint64_t chain, std::uint64_t crc) {
  Crc64 c(chain);
  c.add(crc);
  return c.value();
}

// Rows that a commit removes, if there are so many to remove.
constexpr std::uint64_t sweptAtLeast = 64;

enum Column {
  indexColumn,
  termColumn,
  typeColumn,
  flagsColumn,
  stepColumn,
  crcColumn,
  chainColumn,
  bytesColumn
};

// The row's bytes stay SQLite's until the next step.
ck_log_entry entryOf(Statement& row) {
  return {row.number(indexColumn), row.number(termColumn), static_cast<std::uint32_t>(row.number(typeColumn)),
          static_cast<std::uint32_t>(row.number(flagsColumn)), span(row.blob(bytesColumn))};
}

bool intact(Statement& row, const ck_log_entry& e) {
  return rowCrc(e, row.number(stepColumn)) == row.number(crcColumn);
}

}  // namespace

const char* const LogTable::schema =
    "CREATE TABLE log(idx INTEGER PRIMARY KEY, term INTEGER NOT NULL, type INTEGER NOT NULL,"
    " flags INTEGER NOT NULL, step INTEGER NOT NULL, crc INTEGER NOT NULL, chain INTEGER NOT NULL,"
    " data BLOB NOT NULL)";

LogTable::LogTable(Database& db)
    : insert_(db, "INSERT INTO log VALUES(?,?,?,?,?,?,?,?)"),
      select_(db, "SELECT idx,term,type,flags,step,crc,chain,data FROM log WHERE idx>=? ORDER BY idx"),
      lowest_(db, "SELECT min(idx) FROM log"),
      chain_(db, "SELECT chain FROM log WHERE idx=?"),
      deleteFrom_(db, "DELETE FROM log WHERE idx>=?"),
      deleteUpto_(db, "DELETE FROM log WHERE idx<=?"),
      deleteAll_(db, "DELETE FROM log") {}

LogTable::Scan LogTable::scan(LogBase base) {
  Scan found;
  end_ = {base, base.index, base.chain, base.index};
  if (lowest_.bind().step() && lowest_.number(0) != 0)
    end_.sweptTo = std::min(base.index, lowest_.number(0) - 1);
  lowest_.reset();
  select_.bind(base.index + 1);
  while (select_.step()) {
    const ck_log_entry e = entryOf(select_);
    found.highestSeen = std::max(found.highestSeen, e.index);
    if (found.damagedFrom != 0) continue;
    const std::uint64_t chain = nextChain(end_.chain, select_.number(crcColumn));
    if (e.index != end_.last + 1 || !intact(select_, e) || chain != select_.number(chainColumn)) {
      found.damagedFrom = end_.last + 1;
      continue;
    }
    found.shape.append(e.index, e.term);
    found.lastStep = select_.number(stepColumn);
    end_.last = e.index;
    end_.chain = chain;
  }
  select_.reset();
  return found;
}

void LogTable::startAt(std::uint64_t first) {
  if (empty()) clear(first - 1);
}

void LogTable::append(const ck_log_entry& e, std::uint64_t step) {
  const std::uint64_t crc = rowCrc(e, step);
  end_.chain = nextChain(end_.chain, crc);
  insert_
      .bind(e.index, e.term, std::uint64_t{e.type}, std::uint64_t{e.flags}, step, crc, end_.chain,
            view(e.data))
      .run();
  end_.last = e.index;
  ++appended_;
}

std::uint64_t LogTable::chainAt(std::uint64_t index) {
  if (index == end_.base.index) return end_.base.chain;
  chain_.bind(index);
  if (!chain_.step()) throw Error(CK_CORRUPT, "log row " + std::to_string(index) + " is missing");
  const std::uint64_t chain = chain_.number(0);
  chain_.reset();
  return chain;
}

void LogTable::truncate(std::uint64_t from) {
  if (from > end_.last) return;
  const std::uint64_t last = std::max(from - 1, end_.base.index);
  end_.chain = chainAt(last);
  end_.last = last;
  deleteFrom_.bind(last + 1).run();
}

void LogTable::compact(std::uint64_t upto) {
  if (upto <= end_.base.index || empty()) return;
  const std::uint64_t index = std::min(upto, end_.last);
  end_.base = {index, chainAt(index)};
}

void LogTable::sweep() {
  const std::uint64_t some = std::max(sweptAtLeast, 2 * std::exchange(appended_, 0));
  if (end_.sweptTo >= end_.base.index) return;
  end_.sweptTo = std::min(end_.sweptTo + some, end_.base.index);
  deleteUpto_.bind(end_.sweptTo).run();
}

void LogTable::clear(std::uint64_t index) {
  deleteAll_.bind().run();
  end_ = {{index, 0}, index, 0, index};
}

void LogTable::removeBeyondEnd() { deleteFrom_.bind(end_.last + 1).run(); }

std::unique_ptr<LogSlice> LogTable::read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes) {
  auto slice = std::make_unique<LogSlice>();
  select_.bind(lo);
  std::uint64_t expected = lo;
  while (expected < hi && select_.step()) {
    const ck_log_entry e = entryOf(select_);
    if (!slice->entries.empty() && slice->bytes.size() + e.data.size > maxBytes) break;
    if (e.index != expected || !intact(select_, e)) {
      select_.reset();
      throw Error(CK_CORRUPT, "log row " + std::to_string(expected) + " is damaged or missing");
    }
    slice->bytes += view(e.data);
    slice->entries.push_back(e);
    ++expected;
  }
  select_.reset();
  if (slice->entries.empty()) throw Error(CK_CORRUPT, "log row " + std::to_string(lo) + " is missing");
  std::size_t offset = 0;
  for (ck_log_entry& e : slice->entries) {
    e.data.data = reinterpret_cast<const std::uint8_t*>(slice->bytes.data()) + offset;
    offset += e.data.size;
  }
  return slice;
}

}  // namespace clusterkit::sqlite
