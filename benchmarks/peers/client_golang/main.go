// Command exposition serves given series with client_golang, as its documentation has one do it.
//
//	exposition PORT SERIES_FILE
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// header is a metric; the lines after it are its label sets.
type header struct {
	Name    string    `json:"name"`
	Kind    string    `json:"kind"`
	Help    string    `json:"help"`
	Labels  []string  `json:"labels"`
	Buckets []float64 `json:"buckets"`
}

// add puts one label set into a metric.
type add func(labels []string, value json.RawMessage) error

func main() {
	registry := prometheus.NewRegistry()
	if err := load(registry, os.Args[2]); err != nil {
		log.Fatal(err)
	}
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	http.HandleFunc("/-/ready", func(http.ResponseWriter, *http.Request) {})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}

func load(registry *prometheus.Registry, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	var into add
	for lines.Scan() {
		line := lines.Bytes()
		if line[0] == '{' {
			var said header
			if err := json.Unmarshal(line, &said); err != nil {
				return err
			}
			into = declare(registry, said)
			continue
		}
		var said [2]json.RawMessage
		if err := json.Unmarshal(line, &said); err != nil {
			return err
		}
		var labels []string
		if err := json.Unmarshal(said[0], &labels); err != nil {
			return err
		}
		if err := into(labels, said[1]); err != nil {
			return err
		}
	}
	return lines.Err()
}

func declare(registry *prometheus.Registry, said header) add {
	switch said.Kind {
	case "histogram":
		return histogram(registry, said)
	case "gauge":
		gauges := prometheus.NewGaugeVec(
			prometheus.GaugeOpts{Name: said.Name, Help: said.Help}, said.Labels)
		registry.MustRegister(gauges)
		return number(func(labels []string, value float64) {
			gauges.WithLabelValues(labels...).Set(value)
		})
	default:
		counters := prometheus.NewCounterVec(
			prometheus.CounterOpts{Name: said.Name, Help: said.Help}, said.Labels)
		registry.MustRegister(counters)
		return number(func(labels []string, value float64) {
			counters.WithLabelValues(labels...).Add(value)
		})
	}
}

func number(put func(labels []string, value float64)) add {
	return func(labels []string, raw json.RawMessage) error {
		var value float64
		if err := json.Unmarshal(raw, &value); err != nil {
			return err
		}
		put(labels, value)
		return nil
	}
}

func histogram(registry *prometheus.Registry, said header) add {
	histograms := prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Name: said.Name, Help: said.Help, Buckets: said.Buckets},
		said.Labels)
	registry.MustRegister(histograms)
	return func(labels []string, raw json.RawMessage) error {
		var counts []int
		if err := json.Unmarshal(raw, &counts); err != nil {
			return err
		}
		one := histograms.WithLabelValues(labels...)
		for at, count := range counts {
			value := said.Buckets[len(said.Buckets)-1] + 1
			if at < len(said.Buckets) {
				value = said.Buckets[at]
			}
			for ; count > 0; count-- {
				one.Observe(value)
			}
		}
		return nil
	}
}
