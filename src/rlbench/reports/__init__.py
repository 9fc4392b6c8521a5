"""From run directories to figures and tables: loading, statistics, drawing, writing."""
