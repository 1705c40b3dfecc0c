from simdc.cli import main

raise SystemExit(main())
