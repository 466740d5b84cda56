"""Parts of the benchmark of transfer learning."""
