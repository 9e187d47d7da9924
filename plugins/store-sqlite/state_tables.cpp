#include "state_tables.hpp"

#include <clusterkit/checksum.hpp>

namespace clusterkit::sqlite {

namespace {

std::uint64_t crcOf(const Control& c) {
  Crc64 crc;
  for (const std::uint64_t n : {c.hard.term, c.hard.voted_for, c.hard.commit, c.step, c.lastIndex,
                                c.base.index, c.base.chain, c.snapshotIndex, c.metaSum, c.repairIndex})
    crc.add(n);
  return crc.value();
}

std::uint64_t crcOf(std::string_view name, std::string_view value) {
  Crc64 crc;
  crc.add(std::uint64_t{name.size()});  // so that "a"+"bc" is not "ab"+"c"
  crc.add(name);
  crc.add(value);
  return crc.value();
}

std::uint64_t crcOf(const SnapshotRow& r) {
  Crc64 crc;
  for (const std::uint64_t n : {r.index, r.term, r.size, r.checksum}) crc.add(n);
  crc.add(r.config);
  return crc.value();
}

}  // namespace

const char* const ControlTable::schema =
    "CREATE TABLE control(id INTEGER PRIMARY KEY, term INTEGER NOT NULL, voted_for INTEGER NOT NULL,"
    " commit_index INTEGER NOT NULL, step INTEGER NOT NULL, last_index INTEGER NOT NULL,"
    " base_index INTEGER NOT NULL, base_chain INTEGER NOT NULL, snapshot_index INTEGER NOT NULL, meta_sum "
    "INTEGER NOT NULL,"
    " repair_index INTEGER NOT NULL, crc INTEGER NOT NULL)";

ControlTable::ControlTable(Database& db)
    : insert_(db, "INSERT INTO control VALUES(1,?,?,?,?,?,?,?,?,?,?,?)"),
      update_(db,
              "UPDATE control SET "
              "term=?,voted_for=?,commit_index=?,step=?,last_index=?,base_index=?,base_chain=?,"
              "snapshot_index=?,meta_sum=?,repair_index=?,crc=? WHERE id=1"),
      select_(db,
              "SELECT "
              "id,term,voted_for,commit_index,step,last_index,base_index,base_chain,snapshot_index,meta_sum,"
              "repair_index,crc "
              "FROM control") {}

void ControlTable::insert(const Control& c) {
  insert_
      .bind(c.hard.term, c.hard.voted_for, c.hard.commit, c.step, c.lastIndex, c.base.index, c.base.chain,
            c.snapshotIndex, c.metaSum, c.repairIndex, crcOf(c))
      .run();
}

void ControlTable::write(const Control& c) {
  update_
      .bind(c.hard.term, c.hard.voted_for, c.hard.commit, c.step, c.lastIndex, c.base.index, c.base.chain,
            c.snapshotIndex, c.metaSum, c.repairIndex, crcOf(c))
      .run();
}

std::optional<Control> ControlTable::read() {
  select_.bind();
  if (!select_.step()) return std::nullopt;
  auto n = [&](int column) { return select_.number(column); };
  const Control c{{n(1), n(2), n(3)}, n(4), n(5), {n(6), n(7)}, n(8), n(9), n(10)};
  const bool good = n(0) == 1 && n(11) == crcOf(c);
  const bool alone = !select_.step();
  select_.reset();
  return good && alone ? std::optional(c) : std::nullopt;
}

const char* const MetaTable::schema =
    "CREATE TABLE meta(name BLOB PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID";

MetaTable::MetaTable(Database& db)
    : put_(db, "INSERT OR REPLACE INTO meta VALUES(?,?,?)"),
      remove_(db, "DELETE FROM meta WHERE name=?"),
      get_(db, "SELECT name,value,crc FROM meta WHERE name=?"),
      all_(db, "SELECT name,value,crc FROM meta") {}

std::uint64_t MetaTable::put(std::string_view name, std::string_view value) {
  const std::uint64_t gone = remove(name);
  const std::uint64_t crc = crcOf(name, value);
  put_.bind(name, value, crc).run();
  return gone + crc;
}

std::uint64_t MetaTable::remove(std::string_view name) {
  get_.bind(name);
  const std::uint64_t crc = get_.step() ? get_.number(2) : 0;
  get_.reset();
  remove_.bind(name).run();
  return 0 - crc;
}

std::optional<std::string> MetaTable::get(std::string_view name) {
  get_.bind(name);
  std::optional<std::string> value;
  bool good = true;
  if (get_.step()) {
    value = std::string(get_.blob(1));
    good = get_.number(2) == crcOf(get_.blob(0), *value);
  }
  get_.reset();
  if (!good) throw Error(CK_CORRUPT, "the value named " + std::string(name) + " is damaged");
  return value;
}

std::optional<std::uint64_t> MetaTable::sum() {
  std::uint64_t sum = 0;
  bool good = true;
  all_.bind();
  while (all_.step()) {
    const std::string name(all_.blob(0));
    const std::uint64_t crc = all_.number(2);
    good = good && crc == crcOf(name, all_.blob(1));
    sum += crc;
  }
  all_.reset();
  return good ? std::optional(sum) : std::nullopt;
}

const char* const SnapshotTable::schema =
    "CREATE TABLE snapshot(idx INTEGER PRIMARY KEY, term INTEGER NOT NULL, size INTEGER NOT NULL,"
    " checksum INTEGER NOT NULL, config BLOB NOT NULL, crc INTEGER NOT NULL)";

SnapshotTable::SnapshotTable(Database& db)
    : insert_(db, "INSERT INTO snapshot VALUES(?,?,?,?,?,?)"),
      removeBelow_(db, "DELETE FROM snapshot WHERE idx<?"),
      removeAll_(db, "DELETE FROM snapshot"),
      all_(db, "SELECT idx,term,size,checksum,config,crc FROM snapshot ORDER BY idx DESC") {}

void SnapshotTable::insert(const SnapshotRow& r) {
  insert_.bind(r.index, r.term, r.size, r.checksum, std::string_view(r.config), crcOf(r)).run();
}

void SnapshotTable::removeBelow(std::uint64_t index) { removeBelow_.bind(index).run(); }

void SnapshotTable::keepUpto(std::uint64_t index) {
  const Found found = all();
  removeAll_.bind().run();
  for (const SnapshotRow& row : found.rows)
    if (row.index <= index) insert(row);
}

SnapshotTable::Found SnapshotTable::all() {
  Found found;
  all_.bind();
  while (all_.step()) {
    SnapshotRow r{all_.number(0), all_.number(1), all_.number(2), all_.number(3), std::string(all_.blob(4))};
    found.highestSeen = std::max(found.highestSeen, r.index);
    if (all_.number(5) == crcOf(r))
      found.rows.push_back(std::move(r));
    else
      ++found.damaged;
  }
  all_.reset();
  return found;
}

}  // namespace clusterkit::sqlite
