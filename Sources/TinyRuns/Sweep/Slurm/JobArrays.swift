internal import Foundation
internal import TinyFoundation
internal import TinyRecords

/// The job arrays of a sweep, in the folder `slurm`: `0001.json` and its script `0001.sh` are the first.
struct JobArrays {
    private let folder: SweepFolder
    private var path: String { folder.path + "/slurm" }

    init(in folder: SweepFolder) { self.folder = folder }

    /// Every array that was written, the oldest first.
    func all() throws -> [JobArray] { try numbers().map { try JobArray(contentsOf: file($0, "json")) } }

    /// A new array of runs, not written yet. Its name has nothing that Slurm's lists are divided by.
    func next(of runs: [String], sweep: String) -> JobArray {
        let number = (numbers().last ?? 0) + 1
        // Two sweeps of one name in two folders are not mixed up.
        let folderName = SHA256.hash(absolutePath(folder.path).utf8).hexadecimal.prefix(8)
        return JobArray(name: "\(fileName(sweep))-\(folderName)-\(padded(number))", runs: runs)
    }

    /// Writes an array, and its script when it has not been submitted.
    func write(_ array: JobArray, command: RunCommand) throws {
        try AtomicFile.makeDirectory(path)
        if array.job == nil {
            try AtomicFile.write(Data(array.script(in: folder, command: command).utf8), to: script(of: array))
        }
        try array.write(to: path + "/\(number(of: array)).json")
    }

    /// Removes an array that was not submitted.
    func forget(_ array: JobArray) {
        for file in [script(of: array), path + "/\(number(of: array)).json"] {
            try? FileManager.default.removeItem(atPath: file)
        }
    }

    func script(of array: JobArray) -> String { path + "/\(number(of: array)).sh" }

    /// Where tasks write what is not a run's own: messages of the shell and of Slurm. `%a` is the task's index.
    func output(of array: JobArray) -> String {
        path.replacing("%", with: "%%") + "/\(number(of: array))-%a.out"
    }

    /// The last line that a task wrote there; `nil` when it wrote nothing.
    func lastWords(of array: JobArray, _ index: Int) -> String? {
        let file = path + "/\(number(of: array))-\(index).out"
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        return text.split(whereSeparator: \.isNewline).last.map(String.init)
    }

    private func number(of array: JobArray) -> Substring { array.name.split(separator: "-").last ?? "" }
    private func file(_ number: Int, _ kind: String) -> String { path + "/\(padded(number)).\(kind)" }

    private func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private func numbers() -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix(".json") }.compactMap { Int($0.dropLast(5)) }.sorted()
    }
}
