/* The generation number by which a machine with Secure Boot can refuse old builds of this program:
 * shim's SBAT.md. It grows when a fault is found that lets unverified code start. */

#define SBAT                                                                            \
	"sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n" \
	"swfetch,1,phase-tools,swfetch," VERSION ",https://phase-tools.invalid/swfetch\n"

/* Without the NUL: the section is a text file. */
extern const char sbat_text[sizeof(SBAT) - 1];
__attribute__((section(".sbat"), used)) const char sbat_text[sizeof(SBAT) - 1] = SBAT;
