#include <fcis/fcis.h>
#include <stdio.h>
int main(int argc, char** argv) {
  fcis_detector* detector = NULL;
  fcis_instances* found = NULL;
  size_t count = 0;
  char error[256] = "usage: detect a.jpg";
  if (argc != 2 || fcis_detector_new(NULL, &detector, error, sizeof error) ||
      fcis_detector_detect_file(detector, argv[1], &found, error, sizeof error))
    return fprintf(stderr, "%s\n", error), 1;
  fcis_instances_size(found, &count, NULL, NULL, NULL, 0);
  for (size_t i = 0; i < count; ++i) {
    const char* name;
    float score;
    fcis_instances_get(found, i, NULL, &name, &score, NULL, NULL, 0);
    printf("%s %g\n", name, score);
  }
  fcis_instances_free(found);
  fcis_detector_free(detector);
}
