"""All figures: `make bench`."""

import sys

from bench import calendars, http, link, notifications, slots

if __name__ == "__main__":
    slots.compare_with_targets()
    slots.show_growth()
    http.main()
    calendars.main()
    sys.exit(link.main() or notifications.main())
