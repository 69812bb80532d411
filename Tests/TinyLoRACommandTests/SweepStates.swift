import Foundation
import Testing

extension Scratch {
    /// The states of a sweep's runs, by name, as the `sweep.json` of its folder has them.
    func sweepStates(in folder: String) throws -> [String: String] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path("\(folder)/sweep.json")))
        let record = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let runs = try #require(record["runs"] as? [[String: Any]])
        return Dictionary(
            uniqueKeysWithValues: runs.map { ($0["name"] as? String ?? "", $0["state"] as? String ?? "") })
    }
}
