import Foundation
import TinyLoRA

/// This machine, as far as it decides what can be computed and how fast.
struct Machine: Encodable {
    let system: String
    let architecture: String
    let processor: String?
    /// Cores that this process may use.
    let cores: Int
    /// Bytes of memory.
    let memory: Int
    /// Bytes of memory that can be used now; `nil` where the system does not say.
    let availableMemory: Int?
    /// The most bytes that this process may use, in a container for example; `nil` without a limit.
    let memoryLimit: Int?
    let instructions: String
    let availableInstructions: [String]
    let version: String
    let isOptimised: Bool
    let caches: [Cache]

    private enum CodingKeys: String, CodingKey {
        case system, architecture, processor, cores, memory, instructions, version, caches
        case availableMemory = "available_memory"
        case memoryLimit = "memory_limit"
        case availableInstructions = "available_instructions"
        case isOptimised = "optimised"
    }

    init() {
        let process = ProcessInfo.processInfo
        system = process.operatingSystemVersionString
        #if arch(x86_64)
            architecture = "x86_64"
        #elseif arch(arm64)
            architecture = "arm64"
        #else
            architecture = "other"
        #endif
        processor = Self.processorName
        cores = process.activeProcessorCount
        memory = SystemMemory.byteCount
        availableMemory = Self.field("MemAvailable", of: "/proc/meminfo")
            .flatMap { Int($0.prefix { $0.isNumber }) }.map { $0 * 1024 }
        memoryLimit = SystemMemory.limit
        instructions = InstructionSet.active.rawValue
        availableInstructions = InstructionSet.available.map(\.rawValue)
        version = TinyLoRAVersion.current
        #if DEBUG
            isOptimised = false
        #else
            isOptimised = true
        #endif
        caches = Cache.all
    }

    /// The smaller of memory and limit.
    var usableMemory: Int { min(memory, memoryLimit ?? memory) }

    private static var processorName: String? {
        #if canImport(Darwin)
            var size = 0
            guard sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0) == 0 else { return nil }
            var name = [CChar](repeating: 0, count: size)
            guard sysctlbyname("machdep.cpu.brand_string", &name, &size, nil, 0) == 0 else { return nil }
            return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #else
            return field("model name", of: "/proc/cpuinfo")
        #endif
    }

    /// What follows a name and a colon in a file of the system.
    private static func field(_ name: String, of path: String) -> String? {
        text(path)?.split(separator: "\n").first { $0.hasPrefix(name) }
            .flatMap { $0.split(separator: ":", maxSplits: 1).last }.map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static func text(_ path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: 1 << 20) else {
            return nil
        }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A folder of files that can be made or fetched again.
    struct Cache: Encodable {
        let name: String
        let path: String
        var exists = false
        var isWritable = true
        var files = 0
        /// Bytes of all files.
        var size = 0

        private enum CodingKeys: String, CodingKey {
            case name, path, exists, files, size
            case isWritable = "writable"
        }

        /// The caches of this user.
        static var all: [Cache] {
            let factors = FactorCache.standard().map { [Cache("factors", $0.directory)] } ?? []
            let models = (try? HubSettings()).map { [Cache("downloads", $0.cache)] } ?? []
            return factors + models
        }

        /// Counts the files of a folder; links are not followed.
        init(_ name: String, _ path: String) {
            self.name = name
            self.path = path
            let manager = FileManager.default, keys: [URLResourceKey] = [.isRegularFileKey, .fileSizeKey]
            exists = manager.fileExists(atPath: path)
            guard exists else { return }
            isWritable = manager.isWritableFile(atPath: path)
            let folder = URL(fileURLWithPath: path, isDirectory: true)
            guard let entries = manager.enumerator(at: folder, includingPropertiesForKeys: keys) else { return }
            for case let entry as URL in entries {
                guard let values = try? entry.resourceValues(forKeys: Set(keys)), values.isRegularFile == true else {
                    continue
                }
                files += 1
                size += values.fileSize ?? 0
            }
        }
    }
}

extension Machine {
    /// What a user should know about it.
    var findings: [Finding] {
        var all = [
            Finding(.ok, "version", "tinylora \(version)"),
            Finding(
                .ok, "machine", [system, architecture, processor].compactMap(\.self).joined(separator: " · ")),
            Finding(
                .ok, "kernels",
                "\(instructions) · this processor has \(availableInstructions.joined(separator: ", "))"),
            Finding(.ok, "threads", "\(counted(cores, "thread")) unless --threads says otherwise"),
            memoryFinding,
        ]
        if !isOptimised {
            all[0] = Finding(
                .warning, "version", "tinylora \(version), built without optimisation: about a hundred times slower",
                advice: "build with swift build -c release")
        }
        if let best = availableInstructions.last, best != instructions {
            all[2] = Finding(
                .warning, "kernels", "\(instructions), but this processor also has \(best), which is faster",
                advice: "unset \(InstructionSet.variable)")
        }
        return all + caches.map(\.finding)
    }

    private var memoryFinding: Finding {
        var text = bytes(memory)
        if let memoryLimit, memoryLimit < memory {
            text += ", of which this process may use \(bytes(memoryLimit))"
        }
        if let availableMemory { text += ", \(bytes(availableMemory)) available now" }
        return Finding(.ok, "memory", text)
    }
}

extension Machine.Cache {
    fileprivate var finding: Finding {
        if !exists { return Finding(.ok, "cache", "\(name): \(path), not made yet") }
        if !isWritable {
            return Finding(
                .warning, "cache", "\(name): \(path) cannot be written, so everything is computed again each time",
                advice: "correct its permissions, or set TINYLORA_CACHE to another folder")
        }
        return Finding(.ok, "cache", "\(name): \(path) · \(counted(files, "file")), \(bytes(size))")
    }
}
