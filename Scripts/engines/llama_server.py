"""llama.cpp's server with adapters that requests scale.

    python llama_server.py PORT MODEL.gguf [ADAPTER.gguf …]

Needs xllamacpp, which is that server as a Python package. The command of llama.cpp itself would be

    llama-server --model MODEL.gguf --port PORT --parallel 4 --cache-ram 0 --lora-init-without-apply --lora A.gguf,B.gguf,…
"""

import sys
import threading

import xllamacpp

port, model, *adapters = sys.argv[1:]
parameters = xllamacpp.CommonParams()
parameters.model.path = model
parameters.n_ctx = 4096
parameters.n_parallel = 4
parameters.port = int(port)
parameters.cache_ram_mib = 0
parameters.verbosity = 0
parameters.lora_init_without_apply = True
loaded = []
for path in adapters:
    adapter = xllamacpp.CommonAdapterLoraInfo()
    adapter.path, adapter.scale = path, 1.0
    loaded.append(adapter)
parameters.lora_adapters = loaded
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
threading.Event().wait()
