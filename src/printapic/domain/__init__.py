"""The pure core: what a photo-print shop is, without saying how anything is stored, sent or shown.

Six concepts that never import each other, over one shared vocabulary (`addresses`, `crops`, `errors`,
`events`, `ids`, `money`, `print_sizes`). Everything here is a function of its arguments: no clock, no
randomness, no I/O.
"""
