"""What recording, scraping and reading cost here, side by side with what one would use instead.

`make bench` runs every case, `make bench CASE=single` one of them. A case is one module of
benchmarks/cases/, and what it is measured against is one module of benchmarks/peers/.
"""
