"""Entry of the zygote: python -I -S -u /proc/self/fd/4, see supervisor/zygote.go."""

from karuta_guest import zygote

zygote.main()
