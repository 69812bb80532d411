"""Copies a GGUF file with all weights decoded to F32, so that no program rounds activations to suit quantised weights.

    python decode_gguf.py FROM.gguf TO.gguf

Needs gguf and numpy.
"""

import sys

from gguf import GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize

source, target = sys.argv[1:]
reader = GGUFReader(source)
writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
for name, field in reader.fields.items():
    if name.startswith("GGUF.") or name in ["general.architecture", "general.file_type", "general.quantization_version"]:
        continue
    kind = field.types[0]
    writer.add_key_value(name, field.contents(), kind, field.types[-1] if kind == GGUFValueType.ARRAY else None)
writer.add_file_type(0)
for tensor in reader.tensors:
    shape = [int(length) for length in reversed(tensor.shape)]
    writer.add_tensor(tensor.name, dequantize(tensor.data, tensor.tensor_type).reshape(shape).astype("<f4"))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
