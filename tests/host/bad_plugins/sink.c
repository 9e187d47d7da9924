/* A sink in plain C. As it stands it is sound; each definition from CMakeLists.txt breaks one thing in it. */
#include <clusterkit/sink.h>
#include <string.h>

#define MAYBE_UNUSED __attribute__((unused)) /* some variants leave it out of their tables */

#ifndef MAJOR
#define MAJOR 1
#endif
#ifndef NEED
#define NEED 0
#endif
#ifndef KIND
#define KIND CK_SINK_SIMPLE_KIND
#endif
#ifndef NOTE_VERSION
#define NOTE_VERSION "1.0"
#endif
#ifndef ENTRY_ID
#define ENTRY_ID "sound"
#endif
#ifndef ENTRY_VERSION
#define ENTRY_VERSION "1.0"
#endif
#ifndef ENTRY_SIZE
#define ENTRY_SIZE sizeof(ck_entry)
#endif
#ifndef COMPONENT_SIZE
#define COMPONENT_SIZE sizeof(ck_component)
#endif
#ifndef OPTION_TYPE
#define OPTION_TYPE CK_TYPE_PATH
#endif
#ifndef OPTION_SIZE
#define OPTION_SIZE sizeof(ck_option)
#endif
#ifndef FALLBACK
#define FALLBACK "audit.log"
#endif
#ifndef CREATE
#define CREATE create
#endif
#ifndef IFACE
#define IFACE iface
#endif
#ifndef DESTROY
#define DESTROY destroy
#endif
#ifndef FIRST
#define FIRST &component
#endif
#ifndef SECOND
#define SECOND 0
#endif
#ifndef COMPONENTS
#define COMPONENTS components
#endif

#ifndef NO_LIBRARY_NOTE
CK_NOTE(CK_NOTE_LIBRARY,
        "{\"abi_major\":" CK_STRINGIFY(MAJOR) ",\"abi_minor\":0,\"need_minor\":" CK_STRINGIFY(
            NEED) ",\"library\":\"sound\",\"version\":\"" NOTE_VERSION "\"}");
#endif
#ifdef BROKEN_NOTE
CK_NOTE(CK_NOTE_COMPONENT, "{\"kind\":");
#elif !defined(NO_COMPONENT_NOTE)
CK_COMPONENT_NOTE(KIND, "sound", "1.0", "writes nowhere", 0);
#endif
#ifdef NOTED_TWICE
CK_COMPONENT_NOTE(KIND, "sound", "1.0", "writes nowhere", 0);
#endif

static const ck_option options[] = {{"path", OPTION_TYPE, 0, FALLBACK, 0, 0, 0, "Where the lines go"},
                                    {0, 0, 0, 0, 0, 0, 0, 0}};

static ck_status deliver(void* self, const ck_event* event_in, ck_error* error) {
  (void)self, (void)event_in, (void)error;
  return CK_OK;
}
static const ck_sink_simple_1 table = {sizeof(ck_sink_simple_1), 0, deliver, NULL};

MAYBE_UNUSED static ck_status create(const ck_host* host, const ck_config* config_in, void** self_out,
                                     ck_error* error) {
  static int instance;
  (void)host;
#ifdef CREATE_FAILS
  error->code = CK_DENIED;
  strcpy(error->msg, "the door is locked");
  (void)instance, (void)config_in, (void)self_out;
  return CK_DENIED;
#else
  (void)error;
  if (config_in->str(config_in->cx, "path") == 0) return CK_INVALID;
  *self_out = &instance;
  return CK_OK;
#endif
}
MAYBE_UNUSED static const void* iface(void* self, const char* iface_id) {
  (void)self;
  return strcmp(iface_id, CK_SINK_SIMPLE_KIND) == 0 ? &table : 0;
}
MAYBE_UNUSED static void destroy(void* self) { (void)self; }

const ck_component component = {COMPONENT_SIZE, 0, KIND,   ENTRY_ID, "writes nowhere", "1.0", options,
                                OPTION_SIZE,    0, CREATE, IFACE,    DESTROY};
const ck_component* const components[] = {FIRST, SECOND, 0};

#ifndef NO_ENTRY
CK_EXPORT_ENTRY clusterkit_plugin_v1 = {ENTRY_SIZE, MAJOR, 0, NEED, 0, 0, "sound", ENTRY_VERSION, COMPONENTS};
#endif
