// Checks the tables behind a mapped plugin's one exported symbol before anything of it is called. [any] pure.
#pragma once

#include <clusterkit/plugin.h>

#include <vector>

#include "host/elf_notes.hpp"

namespace clusterkit {

// The components of the file, in its order, each of at least this host's base size and without a null where
// the ABI has none. Refuses: size, ABI version, null pointers, an unsound option table, one id twice, and
// anything that differs from the note. Throws PluginRefused with a text that does not name the file.
std::vector<const ck_component*> checkEntry(const ck_entry* entry, const PluginNotes& notes);

}  // namespace clusterkit
