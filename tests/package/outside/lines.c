/* The same in plain C. */
#include <clusterkit/sink.h>
#include <stdio.h>
#include <string.h>

static ck_status create(const ck_host* host, const ck_config* config, void** self, ck_error* error) {
  const char* path = config->str(config->cx, "path");
  (void)host;
  *self = path ? fopen(path, "a") : NULL;
  if (*self) return CK_OK;
  error->code = CK_INVALID;
  strcpy(error->msg, "cannot open path");
  return CK_INVALID;
}

static ck_status deliver(void* self, const ck_event* event, ck_error* error) {
  FILE* file = self;
  const size_t size = (size_t)event->json.size;
  if (fwrite(event->json.data, 1, size, file) == size && fputc('\n', file) != EOF && fflush(file) == 0)
    return CK_OK;
  error->code = CK_RETRY;
  strcpy(error->msg, "write failed");
  return CK_RETRY;
}

static const ck_sink_simple_1 table = {sizeof table, 0, deliver, NULL};
static const void* iface(void* self, const char* id) {
  (void)self;
  return strcmp(id, CK_SINK_SIMPLE_KIND) == 0 ? &table : NULL;
}
static void destroy(void* self) { fclose(self); }

static const ck_option options[] = {
    {"path", CK_TYPE_PATH, CK_OPTION_REQUIRED, NULL, 0, 0, NULL, "file to append events to"}, {0}};
static const ck_component component = {sizeof component,
                                       0,
                                       CK_SINK_SIMPLE_KIND,
                                       "lines-c",
                                       "Appends events to a file",
                                       "1.0",
                                       options,
                                       sizeof(ck_option),
                                       0,
                                       create,
                                       iface,
                                       destroy};
static const ck_component* const components[] = {&component, NULL};

CK_LIBRARY_NOTE("lines-c", "1.0", 0);
CK_COMPONENT_NOTE(CK_SINK_SIMPLE_KIND, "lines-c", "1.0", "Appends events to a file", 0);
CK_EXPORT_ENTRY clusterkit_plugin_v1 = {sizeof(ck_entry), CK_ABI_MAJOR, CK_ABI_MINOR, 0, 0, 0,
                                        "lines-c",        "1.0",        components};
