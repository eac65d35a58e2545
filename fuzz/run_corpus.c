/* Runs a fuzz target once over every file of the directories given: the seeds as a plain test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_BYTES_MAX ((size_t)16 * 1024 * 1024)

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	size_t size;

	if (file == NULL)
		return -1;
	data = malloc(FILE_BYTES_MAX);
	size = data == NULL ? 0 : fread(data, 1, FILE_BYTES_MAX, file);
	(void)fclose(file);
	/* An exact copy, so that a read past the end is seen. */
	uint8_t *exact = data == NULL ? NULL : realloc(data, size == 0 ? 1 : size);
	if (exact == NULL) {
		free(data);
		return -1;
	}
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

static int run_directory(const char *directory, unsigned *count)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;

	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		char path[4096];
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (run_file(path) < 0) {
			(void)fprintf(stderr, "%s cannot be read\n", path);
			(void)closedir(dir);
			return -1;
		}
		++*count;
	}
	(void)closedir(dir);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned count = 0;

	for (int i = 1; i < argc; i++)
		if (run_directory(argv[i], &count) < 0)
			return EXIT_FAILURE;
	(void)printf("%u seeds\n", count);
	return count == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
