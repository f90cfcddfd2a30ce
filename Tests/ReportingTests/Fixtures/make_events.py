"""Writes events.bin with TensorBoard's own record writer: pip install tensorboard; python make_events.py"""
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

TIME = 1_795_000_000.5
STEPS = [(1, [("loss", 90.25), ("hit@1", 0.125)]), (300, [("loss", 1e-3)])]

with open("events.bin", "wb") as file:
    writer = RecordWriter(file)
    writer.write(Event(wall_time=TIME, file_version="brain.Event:2").SerializeToString())
    for step, scalars in STEPS:
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars]
        writer.write(Event(wall_time=TIME, step=step, summary=Summary(value=values)).SerializeToString())
    writer.flush()
